"""A quoted car as a lease, and the grid around it, against a plain reckoning of one lease."""

from dataclasses import replace
from random import Random

import msgspec
from msgspec import UNSET

from protocol.deal.structure import Structure
from protocol.jobs import UNKNOWN_COST
from protocol.money.inputs import CarName, DealInputs
from protocol.money.leasing import LeaseSheet
from protocol.money.ways import QuotedLease, QuotedLeases
from protocol.records import BasisPoints, DealKind
from server.finance.quoting import Case, GridQuestion, quote_lease, quote_lease_grid, quote_whole
from tests.finance.cases import car, inputs, model, programme
from tests.finance.cases import sheet as rate_sheet
from tests.finance.leasing.plain_leases import best_lease, lease_at, rows_for
from tests.finance.leasing.random_leases import random_car, random_deal, random_sheet, row, sheet

NEW = car(price_cents=2_100_000, msrp_cents=2_300_000, is_new=1)
PUBLISHED = Structure(
    rebate_cents=500_00, fees_cents=1_200_00, taxable_fees_cents=1_200_00, tax_rate_bp=BasisPoints(1025)
)


def case(
    deal: DealInputs, leases: LeaseSheet, numbers: dict[str, int] | None = None, name: CarName | None = None
) -> Case:
    """Return a case with a lease sheet."""
    return Case(deal, numbers or NEW, rate_sheet(programme()), model(), leases=leases, car_name=name)


def best_of(quoted: QuotedLeases | None) -> QuotedLease:
    """Return the best lease of a quote that has one."""
    assert quoted is not None and quoted.eligible and quoted.best
    return quoted.best


def test_the_published_lease_through_a_quote() -> None:
    """247.29 before tax, 272.64 with it, and 2,363.51 due at signing, beside finance and cash."""
    leases = sheet(row(acquisition_fee_cents=650_00, acquisition_capitalised=False))
    whole = quote_whole(case(inputs(PUBLISHED), leases), GridQuestion(), None, desk=True)
    best = best_of(whole.lease)
    assert (best.payment_cents, best.payment_with_tax_cents) == (247_29, 272_64)
    assert (best.residual_cents, best.due_at_signing_cents) == (1_311_000, 2_363_51)
    assert best.total_of_payments_cents == 36 * 272_64
    parts = best.payment_cents + best.upfront_fees_cents + best.tax_at_signing_cents + best.cash_down_cents
    assert parts + best.security_deposit_cents == best.due_at_signing_cents
    assert whole.cash is not None
    assert whole.quoted.choice is not None


def test_a_quote_is_the_best_lease_to_the_cent() -> None:
    """On 400 random cars the quote is what every row, cash and discount tried finds; its parts add up."""
    quoted = 0
    for seed in range(400):
        random = Random(1_000 + seed)
        deal, leases = random_deal(random), random_sheet(random)
        numbers, name = random_car(random)
        found = quote_lease(case(deal, leases, numbers, name))
        expected = best_lease(deal, leases, numbers, name)
        assert found is not None and found.eligible is (expected is not None)
        if expected is None:
            assert found.binding and found.best is UNSET
            continue
        best = best_of(found)
        quoted += 1
        assert (best.programme_id, best.term_months, best.miles_per_year) == (
            expected.row.programme_id, expected.row.term_months, expected.row.miles_per_year,
        )  # fmt: skip
        assert (best.payment_with_tax_cents, best.due_at_signing_cents) == (expected.payment, expected.due)
        assert (best.cash_down_cents, best.discount_cents) == (expected.cash, expected.discount)
        assert (best.adjusted_cap_cents, best.residual_cents) == (expected.cap, expected.residual)
        assert best.gross_cap_cents - best.cap_reduction_cents == best.adjusted_cap_cents
        assert best.depreciation_cents + best.rent_charge_cents == best.payment_cents * best.term_months
        rest = best.payment_with_tax_cents * (best.term_months - 1) + best.disposition_fee_cents
        paid = best.due_at_signing_cents - best.security_deposit_cents + rest
        assert best.total_out_of_pocket_cents == paid
        assert best.value and isinstance(best.value.parts, dict)
        assert best.value.npv_cents == expected.value == sum(best.value.parts.values())
    assert quoted >= 50


def test_cells_of_the_grid_are_plain_leases() -> None:
    """Each cell is the lease of its term at its cash, of one programme, mileage and discount; a payment never
    rises with the cash, and only what the customer's maximum refuses is shown above it.
    """
    shown = over = 0
    for seed in range(150):
        random = Random(2_000 + seed)
        deal, leases = random_deal(random), random_sheet(random)
        numbers, name = random_car(random)
        cash = [0, 137, 300, 900]
        subject = case(deal, leases, numbers, name)
        grid = quote_lease_grid(subject, GridQuestion(cash_down_cents=cash))
        if grid is None:
            assert not rows_for(
                msgspec.structs.replace(
                    deal,
                    structure=msgspec.structs.replace(
                        deal.structure, terms_months=sorted({each.term_months for each in leases.programmes})
                    ),
                ),
                leases,
                numbers,
                name,
            )
            continue
        assert grid.cash_down_cents == cash
        found = quote_lease(subject)
        discount = best_of(found).discount_cents if found and found.eligible else None
        for term, payments, eligible, binding in zip(
            grid.terms_months, grid.payment_cents, grid.eligible, grid.binding or [], strict=True
        ):
            paid = [payment for payment in payments if payment is not None]
            assert paid == sorted(paid, reverse=True)
            for amount, payment, is_eligible, limit in zip(cash, payments, eligible, binding, strict=True):
                assert is_eligible is (limit is None)
                if payment is None:
                    continue
                shown += 1
                over += limit == "payment_max"
                assert limit in {None, "payment_max"}
                if discount is not None:
                    wide = msgspec.structs.replace(
                        deal.structure, terms_months=[term], lease_miles_per_year=grid.miles
                    )
                    rows = rows_for(msgspec.structs.replace(deal, structure=wide), leases, numbers, name)
                    plain = [lease_at(deal, each, numbers, amount, discount).payment for each in rows]
                    assert payment in plain
    assert shown > 100
    assert over > 5


def test_a_chosen_cell_is_the_lease_that_it_shows() -> None:
    """Its term, cash and mileage, at the grid's discount and programme, are the cell's payment."""
    compared = discounted = 0
    for seed in range(1_500):
        random = Random(4_000 + seed)
        deal, leases = random_deal(random), random_sheet(random)
        subject = case(deal, leases, *random_car(random))
        found = quote_lease(subject)
        if found is None or not found.eligible:
            continue
        best = best_of(found)
        grid = quote_lease_grid(subject, GridQuestion(cash_down_cents=[0, 300, 900]))
        assert grid is not None
        assert grid.discount_cents == best.discount_cents
        for term, payments, due, eligible in zip(
            grid.terms_months, grid.payment_cents, grid.due_at_signing_cents, grid.eligible, strict=True
        ):
            for column, cash in enumerate(grid.cash_down_cents):
                if not eligible[column]:
                    continue
                cell = replace(subject, programme_id=best.programme_id).under(
                    kind=DealKind.LEASE,
                    term_months=term,
                    cash_down_cents=cash,
                    cash_down_max_cents=cash,
                    lease_miles_per_year=grid.miles,
                )
                chosen = best_of(quote_lease(cell.at_discount(best.discount_cents)))
                assert chosen.payment_with_tax_cents == payments[column]
                assert chosen.due_at_signing_cents == due[column]
                compared += 1
                discounted += best.discount_cents > deal.structure.discount_cents
    assert compared > 200
    assert discounted > 3


def test_miles_can_be_chosen() -> None:
    """The grid names the mileages that the programme has for this car; the deal's own one is shown."""
    leases = sheet(
        *(row(miles_per_year=miles, residual_bp=6_000 - miles / 20) for miles in (10_000, 12_000, 15_000)),
        row(programme_id="other", lender="Other", make="Ford", miles_per_year=20_000),
    )
    chosen = inputs(msgspec.structs.replace(PUBLISHED, lease_miles_per_year=11_000))
    grid = quote_lease_grid(case(chosen, leases), GridQuestion())
    assert grid is not None
    assert (grid.miles, grid.miles_per_year) == (12_000, [10_000, 12_000, 15_000])
    assert best_of(quote_lease(case(chosen, leases))).miles_per_year == 12_000


def test_columns_beyond_the_customers_cash_are_marked() -> None:
    """So that a desk manager can counter with more."""
    structure = msgspec.structs.replace(PUBLISHED, cash_down_max_cents=1_000_00)
    grid = quote_lease_grid(case(inputs(structure), sheet(row())), GridQuestion())
    assert grid is not None
    assert grid.over_max == [cash > 1_000_00 for cash in grid.cash_down_cents]
    assert any(grid.over_max)


def test_an_unknown_cost_has_no_value() -> None:
    """Neither in the lease nor in its grid."""
    subject = case(inputs(PUBLISHED), sheet(row()), NEW | {"cost_cents": UNKNOWN_COST})
    assert best_of(quote_lease(subject)).value is UNSET
    grid = quote_lease_grid(subject, GridQuestion())
    assert grid is not None and grid.lease_value_cents
    assert {value for cells in grid.lease_value_cents for value in cells} == {None}


def test_without_a_sheet_there_is_no_lease() -> None:
    """Not even a refusal."""
    subject = Case(inputs(PUBLISHED), NEW, rate_sheet(programme()), model())
    assert quote_lease(subject) is None
    assert quote_lease_grid(subject, GridQuestion()) is None
