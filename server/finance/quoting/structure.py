"""The quoted structure: chosen by the architect, printed by the exact engine, valued in parts."""

import dataclasses
import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from protocol.deal.structure import StructureError
from protocol.deal.trades import Trade
from protocol.events import Fix, FixKind
from protocol.money.lending import RateSheet
from protocol.money.pricing import PriceRequest
from protocol.money.quotes import QuotedStructure, QuotedTrade, TaxLine
from protocol.money.values import MonthlyCash, QuoteValue
from protocol.records import DealKind
from server.finance.architect import Choice, Pricing, choices, refusal
from server.finance.calendar import after_days
from server.finance.contract import payoff_cents
from server.finance.exact.price import price_contract
from server.finance.quoting.case import Case
from server.finance.quoting.in_cash import cash_answer, in_cash
from server.finance.quoting.leased import lease_answer
from server.finance.quoting.leases import quote_lease
from server.finance.quoting.products import quote_lines
from server.finance.rules.limits import Limit
from server.finance.rules.programmes import terms_of
from server.finance.value.parts import monthly_cash, npv_parts


@dataclass(frozen=True, slots=True)
class Quoted:
    """A structure with its origin: the architect's choice and the priced contract; None if there is none.
    ``rate_or_rebate`` as the function of that name.
    """

    answer: QuotedStructure
    choice: Choice | None
    request: PriceRequest | None
    rate_or_rebate: tuple[Choice, ...] = ()


def quote_structure(case: Case) -> Quoted:
    """Return the best structure of the case, priced; if there is none, why, and the stated contract.

    A cash deal is quoted in cash, a lease as one. A car of a financed deal that no programme takes is quoted
    in cash if the customer's cash pays for it, else as a lease if there is one, unless a programme is
    requested.

    Raises:
        StructureError: the address has no tax rule, or the chosen contract contradicts itself.
        RiskModelError: the model lacks the deal's tier.
    """
    kind = case.inputs.structure.kind
    if kind is DealKind.CASH:
        return _quoted_in_cash(case)
    if kind is DealKind.LEASE:
        return Quoted(_answer(case, **lease_answer(case, quote_lease(case))), None, None)
    quoted = quote_financed(case)
    if quoted.choice is None and case.inputs.all_kinds and case.programme_id is None:
        return _quoted_otherwise(case, quoted)
    return quoted


def _quoted_otherwise(case: Case, financed: Quoted) -> Quoted:
    """Return a car that no programme takes in cash, or as a lease; ``financed`` if neither is possible."""
    found = in_cash(case)
    if found is not None and found.sold:
        return Quoted(_answer(case, eligible=True, binding=None, **cash_answer(case, found)), None, None)
    leases = quote_lease(case)
    if leases is not None and leases.eligible:
        return Quoted(_answer(case, **lease_answer(case, leases)), None, None)
    if found is not None and found.limit is Limit.NPV_FLOOR:
        # The customer could pay: what is in the way is the store's minimum.
        refused = replace(financed.answer, binding=Limit.NPV_FLOOR.wire, fix=None)
        return dataclasses.replace(financed, answer=refused)
    return financed


def _quoted_in_cash(case: Case) -> Quoted:
    found = in_cash(case)
    if found is None:
        refused = _answer(case, eligible=False, kind=DealKind.CASH, binding=Limit.DISCOUNT.wire, fix=None)
        return Quoted(refused, None, None)
    answer = _answer(
        case, eligible=found.sold, binding=found.limit.wire, fix=found.fix, **cash_answer(case, found)
    )
    return Quoted(answer, None, None)


def quote_financed(case: Case) -> Quoted:
    """Return the best structure of the case with a lender. Raises as ``quote_structure``."""
    pricing = case.pricing
    found = choices(pricing, case.car) if pricing else []
    if pricing is None or not found:
        return _refused(case)
    choice = found[0]
    request = case.request(
        term_months=choice.term_months,
        rate_bp=choice.rate_bp,
        cash_cents=choice.cash_down_cents,
        discount_cents=choice.discount_cents,
        rebate_cents=case.inputs.structure.rebate_cents + choice.rebate_cents,
    )
    row = case.row(choice)
    given_up: dict[str, Any] = {}
    if choice.rebate_given_up_cents:
        given_up = {
            "rebate_given_up_cents": choice.rebate_given_up_cents,
            "excluded_rebates": list(choice.excluded_rebates),
        }
    answer = _answer(
        case,
        eligible=True,
        lender=choice.lender,
        programme_id=choice.programme_id,
        stipulations=list(row.stipulations),
        value=_value(case, pricing, choice),
        binding=choice.binding,
        fix=None,
        **_priced(case, request, choice),
        **given_up,
    )
    return Quoted(answer, choice, request, rate_or_rebate(found))


def rate_or_rebate(found: Sequence[Choice]) -> tuple[Choice, ...]:
    """Return the best choice that gives a rebate up for a subvented rate, and the best one that keeps the
    rebate; at the term of the best choice, if both are possible there. Empty if either is impossible.
    """
    if not any(each.rebate_given_up_cents for each in found):
        return ()
    at_term = [each for each in found if each.term_months == found[0].term_months]
    for among in (at_term, found):
        rate = next((each for each in among if each.rebate_given_up_cents), None)
        rebate = next((each for each in among if not each.rebate_given_up_cents), None)
        if rate is not None and rebate is not None:
            return rate, rebate
    return ()


def quote_cash(case: Case, choice: Choice) -> MonthlyCash | None:
    """Return the cash that a chosen contract is expected to bring; None if it is sold."""
    if not case.plan.programmes.held[choice.programme]:
        return None
    return monthly_cash(
        case.plan,
        case.model,
        choice.programme,
        principal_cents=choice.principal_cents,
        ltv_bp=choice.ltv_bp,
        pti_bp=choice.pti_bp,
    )


def _refused(case: Case) -> Quoted:
    binding, fix = _why_not(case)
    structure = case.inputs.structure
    request, priced = None, dict[str, Any]()
    if structure.term_months is not None and structure.rate_bp is not None:
        request = case.request(
            term_months=structure.term_months,
            rate_bp=structure.rate_bp,
            cash_cents=structure.cash_down_cents,
            discount_cents=structure.discount_cents,
            rebate_cents=case.rebate_cents,
        )
        try:
            priced = _priced(case, request, None)
        except StructureError:
            # Nothing to finance, or a discount above the price: the limit that binds says so.
            request = None
    return Quoted(_answer(case, eligible=False, binding=binding, fix=fix, **priced), None, request)


def _why_not(case: Case) -> tuple[str | None, Fix | None]:
    """Return the limit that refuses the car, and the single change that fixes it, if there is one."""
    if case.pricing is not None:
        found = refusal(case.pricing, case.car)
        return (found.binding, found.fix) if found else (None, None)
    # No programme is left before any car is considered: another term or rate may bring one back.
    empty = case.plan.empty
    if empty is Limit.TERM:
        every = sorted(terms_of(case.sheet))
        best = _best(case.under(term_months=None, terms_months=every))
        fix = None if best is None else Fix(kind=FixKind.TERM, term_months=best.term_months)
    elif empty in {Limit.RATE, Limit.STATE_RATE, Limit.STATE_MARKUP} and _states_rate(case):
        best = _best(case.under(rate_bp=None, rate_reason=None))
        fix = None if best is None else Fix(kind=FixKind.PROGRAMME, lender=best.lender)
    else:
        fix = case.plan.empty_fix
        if fix is not None and _best(mended(case, fix)) is None:
            fix = None
    return empty.wire, fix


def _states_rate(case: Case) -> bool:
    return case.inputs.structure.rate_bp is not None


def mended(case: Case, fix: Fix) -> Case:
    """Return the case after the change that meets a limit of the deal."""
    s = case.inputs.structure
    if fix.first_payment_days is not None and s.contract_date is not None:
        first = after_days(s.contract_date, fix.first_payment_days)
        return case.under(first_payment_days=fix.first_payment_days, first_payment_date=first)
    if fix.doc_fee_cents is not None:
        fees = s.fees_cents - s.doc_fee_cents + fix.doc_fee_cents
        return case.under(
            doc_fee_cents=fix.doc_fee_cents,
            fees_cents=fees,
            taxable_fees_cents=min(s.taxable_fees_cents, fees),
        )
    products = max(0, s.products_cents - (fix.products_cents or 0))
    lighter = case.under(
        products_cents=products, taxable_products_cents=min(s.taxable_products_cents, products)
    )
    # Which product gets cheaper is open, so the caps of single kinds are not asked again.
    rows = tuple(
        replace(row, service_contract_max_cents=None, gap_max_cents=None) for row in case.sheet.programmes
    )
    return dataclasses.replace(lighter, sheet=RateSheet(version=case.sheet.version, programmes=rows))


def _best(case: Case) -> Choice | None:
    found = choices(case.pricing, case.car) if case.pricing else []
    return found[0] if found else None


def _answer(case: Case, **fields: Any) -> QuotedStructure:
    structure = case.inputs.structure
    if structure.contract_date is None or structure.first_payment_date is None:
        raise ValueError("the structure's dates are not filled in")
    contract = structure.contract_date
    known: dict[str, Any] = {
        "price_cents": case.price_cents,
        "rebate_cents": case.rebate_cents - fields.get("rebate_given_up_cents", 0),
        "payoff_cents": payoff_cents(structure),
        "contract_date": structure.contract_date,
        "first_payment_date": structure.first_payment_date,
    }
    if structure.trades:
        known["trades"] = [_quoted_trade(trade, contract) for trade in structure.trades]
    return QuotedStructure(**known, **fields)


def _quoted_trade(trade: Trade, contract: dt.date) -> QuotedTrade:
    payoff = trade.payoff_on(contract)
    return QuotedTrade(
        id=trade.id,
        allowance_cents=trade.allowance_cents,
        payoff_cents=payoff,
        equity_cents=trade.allowance_cents - payoff,
    )


def _priced(case: Case, request: PriceRequest, choice: Choice | None) -> dict[str, Any]:
    """Return the answer's fields of a contract. Raises StructureError if it cannot be one."""
    contract = price_contract(request, case.tax_cents, engine=case.inputs.engine)
    products = quote_lines(case, request, choice)
    return {
        "discount_cents": request.discount_cents,
        "cash_down_cents": request.cash_down_cents,
        "term_months": request.term_months,
        "rate_bp": float(request.rate_bp),
        "taxes": [TaxLine(jurisdiction=place, tax_cents=tax) for place, tax in case.taxes(request)],
        **msgspec.structs.asdict(contract),
        **({"products": products} if products else {}),
    }


def _value(case: Case, pricing: Pricing, choice: Choice) -> QuoteValue | UnsetType:
    """Return the value of a choice in parts; UNSET if the cost of the car is unknown."""
    if choice.npv_cents is None or choice.stress_npv_cents is None or choice.front_gross_cents is None:
        return UNSET
    parts = npv_parts(
        pricing.plan,
        case.model,
        choice.programme,
        principal_cents=choice.principal_cents,
        ltv_bp=choice.ltv_bp,
        pti_bp=choice.pti_bp,
        front_gross_cents=choice.front_gross_cents,
    )
    return QuoteValue(
        npv_cents=choice.npv_cents,
        stress_npv_cents=choice.stress_npv_cents,
        parts={str(name): cents for name, cents in parts.items()},
    )
