"""The inputs of a quote, and the contract that results."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from decimal import Decimal
from functools import cached_property
from typing import Any

import msgspec

from protocol.money.inputs import CarName, DealInputs
from protocol.money.leasing import LeaseSheet
from protocol.money.lending import Programme, RateSheet, RiskModel
from protocol.money.pricing import CashRequest, PriceRequest, SaleRequest
from protocol.records import BasisPoints, Tier
from server.finance.architect import Choice, Pricing, price_plan
from server.finance.cars import Cars
from server.finance.contract import payoff_cents, selling_price_cents
from server.finance.plan import Plan, plan_deal
from server.finance.products import Menu
from server.finance.rules.taxes import tax_by_jurisdiction


@dataclass(frozen=True)
class Case:
    """One car under a deal's terms. ``numbers`` are the car's, as ``jobs.NUMBER_COLUMNS``.

    ``programme_id`` names the only programme to be considered, None for all of the sheet. ``menu`` is what
    products there are, None without a catalogue. ``leases`` is the lease sheet, None without one, and
    ``car_name`` what its programmes name the car by. Of a lease, ``programme_id`` names a lease programme.
    """

    inputs: DealInputs
    numbers: Mapping[str, int]
    sheet: RateSheet
    model: RiskModel = field(repr=False)
    programme_id: str | None = None
    menu: Menu | None = field(default=None, repr=False)
    leases: LeaseSheet | None = field(default=None, repr=False)
    car_name: CarName | None = None

    def __getstate__(self) -> dict[str, Any]:
        """Return what the case is made of: what was computed from that does not travel to another process."""
        return {each.name: getattr(self, each.name) for each in fields(self)}

    @cached_property
    def car(self) -> Cars:
        """The car as columns of length 1."""
        return Cars.of({name: [value] for name, value in self.numbers.items()})

    @cached_property
    def plan(self) -> Plan:
        """The deal against the sheet, or against the one programme of it."""
        return plan_deal(self.inputs, self.sheet, self.programme_id)

    @cached_property
    def pricing(self) -> Pricing | None:
        """The plan valued; None if no programme is left in it."""
        return price_plan(self.plan, self.model) if len(self.plan.programmes) else None

    @property
    def price_cents(self) -> int:
        """The price before discount: the stated one if there is one, never above the advertised one."""
        return int(selling_price_cents(self.inputs.structure, self.car.price_cents)[0])

    @property
    def rebate_cents(self) -> int:
        """All rebates: those that the structure states, and the manufacturer's on this car."""
        return self.inputs.structure.rebate_cents + self.numbers["rebate_cents"]

    def under(self, **changes: object) -> "Case":
        """Return the same car with fields of the structure changed."""
        structure = msgspec.structs.replace(self.inputs.structure, **changes)
        return replace(self, inputs=msgspec.structs.replace(self.inputs, structure=structure))

    def at_discount(self, cents: int) -> "Case":
        """Return the same car with exactly this discount."""
        case = self.under(discount_cents=cents)
        return replace(case, inputs=msgspec.structs.replace(case.inputs, discount_fixed=True))

    def row(self, choice: Choice) -> Programme:
        """Return the row of the sheet behind a choice, after the lender's decision."""
        row: Programme = self.plan.programmes.row[choice.programme]
        return row

    def tier_of(self, choice: Choice) -> Tier:
        """Return the tier of the row behind a choice: the one that its lender gave, else the deal's."""
        given = (
            terms.tier for terms in self.inputs.lender_terms if terms.lender == choice.lender and terms.tier
        )
        return next(given, self.inputs.structure.tier)

    def request(
        self,
        *,
        term_months: int,
        rate_bp: float | Decimal,
        cash_cents: int,
        discount_cents: int,
        rebate_cents: int | None = None,
    ) -> PriceRequest:
        """Return the contract to be priced; its tax is ``tax_cents``, by the rules of the address too.
        ``rebate_cents`` are all rebates; None: those of the car, without exclusions.
        """
        sale = self._sale(cash_cents=cash_cents, discount_cents=discount_cents, rebate_cents=rebate_cents)
        return PriceRequest(rate_bp=BasisPoints(rate_bp), term_months=term_months, **sale)

    def cash_request(self, discount_cents: int) -> CashRequest:
        """Return the sale as one that is paid in full."""
        return CashRequest(**self._sale(cash_cents=0, discount_cents=discount_cents))

    def taxes(self, request: SaleRequest) -> list[tuple[str, int]]:
        """Return each jurisdiction with its tax on ``request``.

        Raises StructureError if no rate is stated and the address has no rule.
        """
        allowance = request.trade_allowance_cents
        return tax_by_jurisdiction(
            msgspec.structs.replace(self.inputs.structure, trade_allowance_cents=allowance),
            self.inputs.tax_rules,
            request.price_cents,
            request.discount_cents,
            request.rebate_cents,
        )

    def tax_cents(self, request: SaleRequest) -> int:
        """Return the whole tax on ``request``. Raises StructureError as ``taxes``."""
        return sum(tax for _, tax in self.taxes(request))

    def _sale(
        self, *, cash_cents: int, discount_cents: int, rebate_cents: int | None = None
    ) -> dict[str, Any]:
        s = self.inputs.structure
        return {
            "price_cents": self.price_cents,
            "discount_cents": discount_cents,
            "fees_cents": s.fees_cents,
            "taxable_fees_cents": s.taxable_fees_cents,
            "products_cents": s.products_cents,
            "taxable_products_cents": s.taxable_products_cents,
            "rebate_cents": self.rebate_cents if rebate_cents is None else rebate_cents,
            "rebate_reduces_tax": s.rebate_reduces_tax,
            "trade_allowance_cents": s.trade_allowance_cents,
            "payoff_cents": payoff_cents(s),
            "trade_credit": s.trade_credit,
            "trade_credit_cap_cents": s.trade_credit_cap_cents,
            "cash_down_cents": cash_cents,
            "prepaid_finance_cents": s.prepaid_finance_cents,
            "tax_rate_bp": BasisPoints(0) if s.tax_rate_bp is None else s.tax_rate_bp,
            "contract_date": s.contract_date,
            "first_payment_date": s.first_payment_date,
            "day_count": s.day_count,
        }
