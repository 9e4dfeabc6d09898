"""A quoted car as a lease: the best one to the cent, or the limit that refuses it, and the grid around it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
from msgspec import UNSET, UnsetType

from protocol.money.leasing import FACTOR_UNITS, LeaseProgramme, LeaseSheet
from protocol.money.values import QuoteValue
from protocol.money.ways import LeaseGrid, QuotedLease, QuotedLeases
from protocol.records import DealKind
from server.finance.leasing.applying import rows_that_apply
from server.finance.leasing.candidates import Headroom, Leases, sale_of
from server.finance.leasing.names import CarNames
from server.finance.leasing.plan import LeasePlan, plan_leases
from server.finance.leasing.ranking import part, ranked
from server.finance.quoting.case import Case
from server.finance.quoting.grids.axes import GridQuestion, cash_columns
from server.finance.rounding import HUNDREDTHS
from server.finance.rules.limits import Limit
from server.finance.value.valuation import product_gross_cents


@dataclass(frozen=True, slots=True, eq=False)
class FoundLease:
    """A lease of one car, alone in ``lease``; ``limit`` refuses it unless it is NONE."""

    plan: LeasePlan
    lease: Leases

    @property
    def limit(self) -> Limit:
        """What refuses the lease."""
        return Limit(int(self.lease.limit[0]))

    @property
    def row(self) -> LeaseProgramme:
        """The row of the sheet that applies."""
        row: LeaseProgramme = self.plan.rows.row[self.lease.row[0]]
        return row


def quote_lease(case: Case) -> QuotedLeases | None:
    """Return the best lease of a car, or the limit that refuses it; None without a lease sheet.

    Raises StructureError if the address has no tax rule.
    """
    if case.leases is None:
        return None
    plan = plan_leases(case.inputs, case.leases, _only(case))
    found = _found(case, plan)
    if isinstance(found, Limit):
        return QuotedLeases(eligible=False, binding=found.wire)
    if found.limit is not Limit.NONE:
        return QuotedLeases(eligible=False, binding=found.limit.wire)
    return QuotedLeases(eligible=True, best=_quoted(case, found), binding=None)


def quote_lease_grid(case: Case, asked: GridQuestion) -> LeaseGrid | None:
    """Return the grid around a car's best lease, or around the one that comes nearest; None if no row applies
    to the car. Columns as those of the financed grid; rows are all terms of the lease's programme.

    Every cell is of the same programme, mileage and discount, so that a payment never rises with the cash.
    """
    if case.leases is None:
        return None
    found = _found(case, plan_leases(case.inputs, case.leases, _only(case)))
    if isinstance(found, Limit):
        # Other terms than the customer's may lease it.
        every = sorted({row.term_months for row in case.leases.programmes})
        wide = case.under(term_months=None, terms_months=every)
        found = _found(wide, plan_leases(wide.inputs, case.leases, _only(case)))
    if isinstance(found, Limit):
        return None
    row, sheet = found.row, _of_programme(case.leases, found.row)
    terms = sorted({each.term_months for each in sheet.programmes})
    family = case.under(
        kind=DealKind.LEASE,
        term_months=None,
        terms_months=terms,
        lease_miles_per_year=row.miles_per_year,
        discount_cents=int(found.lease.discount[0]),
    )
    s = case.inputs.structure
    cash = list(asked.cash_down_cents) or cash_columns(
        s, asked.step_cents or case.inputs.grid_step_cents, None, exact=asked.step_cents is not None
    )
    cells = [_column(family, sheet, terms, amount) for amount in cash]

    def of(name: str) -> list[list[Any]]:
        return [[getattr(column[number], name) for column in cells] for number in range(len(terms))]

    return LeaseGrid(
        lender=row.lender,
        terms_months=terms,
        cash_down_cents=cash,
        over_max=[amount > found.plan.cash_max for amount in cash],
        miles=row.miles_per_year,
        miles_per_year=_mileages(family, sheet),
        payment_cents=of("payment_cents"),
        due_at_signing_cents=of("due_at_signing_cents"),
        total_of_payments_cents=of("total_of_payments_cents"),
        eligible=of("eligible"),
        lease_value_cents=of("value_cents"),
        binding=of("binding"),
        discount_cents=family.inputs.structure.discount_cents,
    )


@dataclass(frozen=True, slots=True)
class LeaseCell:
    """A term with a cash amount. If only the customer's maximum payment refuses it, it has its amounts."""

    eligible: bool
    binding: str | None
    payment_cents: int | None = None
    due_at_signing_cents: int | None = None
    total_of_payments_cents: int | None = None
    value_cents: int | None = None


def _column(family: Case, sheet: LeaseSheet, terms: Sequence[int], cash: int) -> list[LeaseCell]:
    """Return each term's cell at exactly this cash."""
    discount = np.array([family.inputs.structure.discount_cents], dtype=np.int64)
    exact = Headroom(cash, cash, 1, discount)
    most = family.inputs.structure.payment_max_cents
    cells = dict[int, LeaseCell]()
    for payment_max in (None,) if most is None else (None, most):
        case = family.under(payment_max_cents=payment_max)
        plan = plan_leases(case.inputs, sheet)
        applying = rows_that_apply(plan, case.car, CarNames.each([case.car_name]))
        leases = ranked(plan, case.car, applying, exact)
        refused = Limit(int(applying.refusal[0])).wire if not len(applying.row) else Limit.LEASE_CAR.wire
        for term in terms:
            at = np.flatnonzero(plan.rows.term[leases.row] == term)
            if not at.size:
                cells[term] = LeaseCell(eligible=False, binding=refused)
            elif payment_max is None or leases.limit[at[0]] != Limit.NONE:
                cells[term] = _cell(case, plan, part(leases, at[:1]), cells.get(term))
    return [cells[term] for term in terms]


def _cell(case: Case, plan: LeasePlan, lease: Leases, free: LeaseCell | None) -> LeaseCell:
    limit = Limit(int(lease.limit[0]))
    if free is not None and free.eligible:
        # Without the customer's maximum payment it was a lease.
        return LeaseCell(
            eligible=False,
            binding=limit.wire,
            payment_cents=free.payment_cents,
            due_at_signing_cents=free.due_at_signing_cents,
            total_of_payments_cents=free.total_of_payments_cents,
            value_cents=free.value_cents,
        )
    if limit is not Limit.NONE:
        return LeaseCell(eligible=False, binding=limit.wire)
    payment = _one(lease.money.payment_with_tax)
    return LeaseCell(
        eligible=True,
        binding=None,
        payment_cents=payment,
        due_at_signing_cents=_one(lease.money.due_at_signing),
        total_of_payments_cents=payment * int(plan.rows.term[lease.row[0]]),
        value_cents=int(lease.value[0]) if case.car.cost_known[0] else None,
    )


def _only(case: Case) -> str | None:
    """Return the one programme that a lease deal may take; a loan's programme does not limit leases."""
    return case.programme_id if case.inputs.structure.kind is DealKind.LEASE else None


def _found(case: Case, plan: LeasePlan) -> FoundLease | Limit:
    """Return the best lease, else the one that comes nearest; or the limit if no row applies."""
    applying = rows_that_apply(plan, case.car, CarNames.each([case.car_name]))
    if not len(applying.row):
        return Limit(int(applying.refusal[0]))
    leases = ranked(plan, case.car, applying)
    return FoundLease(plan, part(leases, np.zeros(1, dtype=np.intp)))


def _quoted(case: Case, found: FoundLease) -> QuotedLease:
    lease, row, rows, money = found.lease, found.row, found.plan.rows, found.lease.money
    sale = sale_of(found.plan, case.car, lease.car, lease.row)
    months, residual = row.term_months, _one(sale.residual)
    cap, payment, with_tax = (
        _one(money.adjusted_cap),
        _one(money.payment),
        _one(money.payment_with_tax),
    )
    total = _one(money.total_out_of_pocket)
    return QuotedLease(
        term_months=months,
        miles_per_year=row.miles_per_year,
        msrp_cents=int(case.car.msrp_cents[0]),
        residual_cents=residual,
        residual_bp=int(rows.residual_share[lease.row[0]]) / HUNDREDTHS,
        gross_cap_cents=_one(money.gross_cap),
        cap_reduction_cents=_one(money.cap_reduction),
        adjusted_cap_cents=cap,
        depreciation_cents=cap - residual,
        rent_charge_cents=payment * months - (cap - residual),
        payment_cents=payment,
        payment_untaxed_cents=_one(money.payment_untaxed),
        payment_tax_cents=_one(money.payment_tax),
        payment_with_tax_cents=with_tax,
        total_of_payments_cents=with_tax * months,
        cash_down_cents=int(lease.cash[0]),
        discount_cents=int(lease.discount[0]),
        upfront_fees_cents=_one(sale.upfront),
        tax_at_signing_cents=_one(money.tax_at_signing),
        tax_capitalised_cents=_one(money.tax_capitalised),
        tax_cents=_one(money.tax),
        security_deposit_cents=row.security_deposit_cents,
        due_at_signing_cents=_one(money.due_at_signing),
        acquisition_fee_cents=row.acquisition_fee_cents,
        disposition_fee_cents=row.disposition_fee_cents,
        excess_mile_cents=row.excess_mile_cents,
        total_out_of_pocket_cents=total,
        effective_monthly_cents=(2 * total + months) // (2 * months),
        lender=row.lender,
        programme_id=row.programme_id,
        money_factor=int(rows.sell_factor[lease.row[0]]) / FACTOR_UNITS,
        value=_value(case, lease),
        buy_factor=int(rows.buy_factor[lease.row[0]]) / FACTOR_UNITS,
        stipulations=list(row.stipulations),
    )


def _value(case: Case, lease: Leases) -> QuoteValue | UnsetType:
    if not case.car.cost_known[0]:
        return UNSET
    return QuoteValue(
        npv_cents=int(lease.value[0]),
        parts={
            "front_gross": int(lease.front_gross[0]),
            "product_gross": product_gross_cents(case.inputs),
            "reserve": int(lease.reserve[0]),
            "chargebacks": -int(lease.chargeback[0]),
        },
    )


def _of_programme(sheet: LeaseSheet, row: LeaseProgramme) -> LeaseSheet:
    rows = tuple(each for each in sheet.programmes if each.programme_id == row.programme_id)
    return msgspec.structs.replace(sheet, programmes=rows)


def _mileages(family: Case, sheet: LeaseSheet) -> list[int]:
    """Return the miles a year among which the customer may choose on this car."""
    case = family.under(lease_miles_per_year=None)
    plan = plan_leases(case.inputs, sheet)
    applying = rows_that_apply(plan, case.car, CarNames.each([case.car_name]))
    return sorted({int(miles) for miles in plan.rows.miles[applying.row]})


def _one(amount: Any) -> int:
    return int(np.asarray(amount).reshape(-1)[0])
