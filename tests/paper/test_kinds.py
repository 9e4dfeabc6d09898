"""The paper of cash deals and leases: their sums, what they say, and what they never say."""

import datetime as dt
from io import BytesIO
from random import Random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pypdf import PdfReader

from protocol import disclosures
from protocol.deal.structure import StructureError
from protocol.money.values import QuoteValue
from protocol.records import BasisPoints, DealKind
from server.database.deals.pencils import StoredPencil
from server.paper.cash import cash_figures
from server.paper.figures import car_figures, valid_until
from server.paper.lease import lease_figures
from server.paper.printing import PrintedCar, print_paper
from tests.finance.cases import TODAY, car
from tests.finance.leasing.random_leases import random_car, random_deal, random_sheet
from tests.finance.quoting.asked import RULES, WISH, case
from tests.finance.quoting.test_leases import case as lease_case
from tests.paper.pencils import CAR, in_cash, lease_of, leased, pencil, text_of
from tests.paper.test_page import HEADING

CENTS = st.integers(0, 900_000)


def printed(*pencils: StoredPencil) -> str:
    """Return what the paper of these pencils says."""
    cars = [
        PrintedCar(each, msgspec.structs.replace(CAR, stock_no=f"U{number}"))
        for number, each in enumerate(pencils)
    ]
    return text_of(print_paper(HEADING, cars))


def dollars(cents: object) -> str:
    """Return an amount of 0 or more as people write it."""
    assert isinstance(cents, int)
    return f"${cents / 100:,.2f}"


@given(price=st.integers(600_000, 6_000_000), allowance=CENTS, payoff=CENTS, products=CENTS, rebate=CENTS)
def test_the_lines_of_a_cash_deal_sum_to_the_price_out_the_door(
    price: int, allowance: int, payoff: int, products: int, rebate: int
) -> None:
    """Whatever trade, rebates and products there are, also if the store pays the customer."""
    wish = msgspec.structs.replace(
        WISH,
        trade_allowance_cents=allowance,
        payoff_cents=payoff,
        products_cents=products,
        rebate_cents=rebate,
        discount_cents=10_000,
        tax_rate_bp=None,
    )
    stored = in_cash(case(wish, numbers=car(price_cents=price, rebate_cents=70_000), tax_rules=RULES))
    figures = cash_figures(stored, CAR)
    cash = stored.answer.cash
    assert not isinstance(cash, msgspec.UnsetType)
    assert sum(line.cents for line in figures.lines) == figures.out_the_door_cents == cash.out_the_door_cents
    assert car_figures(stored, CAR) == figures


@given(
    allowance=CENTS,
    payoff=CENTS,
    products=CENTS,
    cash=CENTS,
    capitalised=st.booleans(),
    deposit=st.integers(0, 50_000),
)
def test_the_lines_of_a_lease_sum_to_cap_cost_and_due_at_signing(
    *, allowance: int, payoff: int, products: int, cash: int, capitalised: bool, deposit: int
) -> None:
    """The itemization is the whole way from the price to the adjusted cap cost; what is due at signing is all
    that is paid then.
    """
    wish = msgspec.structs.replace(
        WISH, trade_allowance_cents=allowance, payoff_cents=payoff, products_cents=products
    )
    subject = case(wish, numbers=car(price_cents=4_500_000))
    method = "upfront" if capitalised else "payment"
    lease = lease_of(
        subject,
        msrp_cents=4_600_000,
        cash_cents=cash,
        tax_method=method,
        tax_capitalised=capitalised,
        security_deposit_cents=deposit,
    )
    figures = lease_figures(leased(subject, lease), CAR)
    assert sum(line.cents for line in figures.lines) == lease.gross_cap_cents
    reduced = sum(line.cents for line in figures.reductions)
    assert lease.gross_cap_cents + reduced == lease.adjusted_cap_cents
    assert sum(line.cents for line in figures.signing) == lease.due_at_signing_cents
    names = {line.name: line.cents for line in figures.lines}
    assert names["Fees in the cap cost"] == 0
    assert names["Prior loan balance"] == max(0, payoff - allowance)


def test_a_cash_deal_says_its_price_and_no_credit() -> None:
    """The price out the door with its parts; no payment, APR, lender or loan disclosure beside it."""
    stored = in_cash(case(WISH))
    cash = stored.answer.cash
    assert not isinstance(cash, msgspec.UnsetType)
    text = printed(stored)
    for said in (
        *("Proposal", f"{dollars(cash.out_the_door_cents)} out the door", "Price out the door"),
        *("Doc fee $299.00", f"Tax {dollars(cash.tax_cents)}", "Trade-in allowance -$4,500.00"),
        *("Out the door without it", disclosures.CASH, disclosures.OPTIONAL, "Customer, date"),
        "This price assumes a trade-in allowance of $4,500.00 with a payoff of $3,000.00",
    ):
        assert said in text, said
    for word in ("a month", "APR", "Amount financed", "Finance charge", "credit approval", "cash down"):
        assert word not in text, word


def test_products_of_a_cash_deal_are_told_with_their_tax() -> None:
    """The price out the door without the products is that of a deal without them."""
    taxed = msgspec.structs.replace(WISH, taxable_products_cents=120_000)
    stored = in_cash(case(taxed))
    plain = in_cash(case(msgspec.structs.replace(taxed, products_cents=0, taxable_products_cents=0)))
    without = plain.answer.cash
    assert not isinstance(without, msgspec.UnsetType)
    (line,) = cash_figures(stored, CAR).products
    assert (line.price_cents, line.without_cents) == (WISH.products_cents, without.out_the_door_cents)


def test_the_published_lease_is_on_paper() -> None:
    """MSRP 23,000, price 21,000, rebate 500, residual 13,110, money factor .00125 and 10.25 % on the payment:
    247.29 before tax, 272.64 with it, 2,363.51 due at signing.
    """
    wish = msgspec.structs.replace(
        WISH,
        fees_cents=185_000,
        doc_fee_cents=0,
        products_cents=0,
        trade_allowance_cents=0,
        trade_acv_cents=None,
        payoff_cents=0,
        rebate_cents=50_000,
        tax_rate_bp=BasisPoints(1_025),
    )
    subject = case(wish, numbers=car(price_cents=2_100_000, rebate_cents=0))
    lease = lease_of(
        subject,
        msrp_cents=2_300_000,
        cash_cents=0,
        disposition_fee_cents=39_500,
    )
    text = printed(leased(subject, lease))
    for said in (
        *("$272.64 a month", "Base payment $247.29", "Tax on the payment $25.35"),
        *("36 payments", "12,000 miles a year", "$2,363.51 due at signing", "Due at signing $2,363.51"),
        *("Residual value -$13,110.00", f"total of payments {dollars(36 * 27_264)}"),
        *("Adjusted cap cost $20,500.00", "Disposition fee $395.00", "Effective monthly cost"),
        *(disclosures.LEASE, disclosures.LEASE_END),
        disclosures.mileage(limit="12,000", each="$0.25"),
    ):
        assert said in text, said
    for word in ("APR", "Amount financed", "money factor", "0.00125", "summit", "Truth in Lending"):
        assert word not in text, word


def test_nothing_internal_is_on_paper_of_any_kind() -> None:
    """Neither the gross, nor the reserve, nor what the house pays for a product."""
    secret = case(
        msgspec.structs.replace(WISH, products_cost_cents=71_234), numbers=car(cost_cents=2_512_345)
    )
    lease = lease_of(secret, msrp_cents=4_000_000, cash_cents=100_000)
    worth = QuoteValue(npv_cents=3_456_789, parts={"front_gross": 2_345_678, "reserve": 123_457})
    told = msgspec.structs.replace(lease, value=worth, buy_factor=0.00113, stipulations=["proof of income"])
    stored = in_cash(secret)
    cash = stored.answer.cash
    assert not isinstance(cash, msgspec.UnsetType) and not isinstance(cash.value, msgspec.UnsetType)
    parts = cash.value.parts
    assert isinstance(parts, dict)
    hidden = [cash.value.npv_cents, *parts.values(), 2_512_345, 71_234, 3_456_789, 2_345_678, 123_457]
    for text in (printed(stored), printed(leased(secret, told))):
        for cents in hidden:
            assert isinstance(cents, int)
            assert f"{abs(cents) / 100:,.2f}" not in text, cents
        for word in ("NPV", "gross ", "reserve", "0.00113", "proof of income", "value to"):
            assert word not in text.replace("Gross cap cost", ""), word


def test_every_way_to_pay_compares_on_one_page() -> None:
    """Finance, lease and cash are beside each other; each has its own sums and its own words."""
    subject = case(WISH)
    lease = lease_of(subject, msrp_cents=4_000_000, cash_cents=100_000)
    pencils = (pencil(subject), leased(subject, lease), in_cash(subject))
    text = printed(*pencils)
    for said in (
        *("Comparison of 3 cars", "Itemization of amount financed", "Cost of the credit"),
        *("How the lease payment comes about", "Amount due at lease signing", "Price out the door"),
        *("To pay without it", disclosures.SEVERAL),
    ):
        assert said in text, said
    assert disclosures.LONGER_TERM not in text
    one = print_paper(HEADING, [PrintedCar(pencils[1], CAR)])
    assert len(PdfReader(BytesIO(one)).pages) == 1


@pytest.mark.parametrize("kind", [DealKind.CASH, DealKind.LEASE])
def test_a_refused_car_has_no_paper(kind: DealKind) -> None:
    """A pencil without a price or a lease says so by the stock number."""
    stored = pencil(case(WISH))
    refused = msgspec.structs.replace(stored, answer=msgspec.structs.replace(stored.answer, kind=kind))
    with pytest.raises(StructureError, match=CAR.stock_no):
        car_figures(refused, CAR)


def test_a_cash_deal_stands_whatever_a_loan_would_do() -> None:
    """It has no first payment that ends its figures; a payoff quote still does."""
    soon = TODAY + dt.timedelta(days=2)
    wish = msgspec.structs.replace(WISH, contract_date=TODAY, first_payment_date=soon)
    assert valid_until(TODAY, (in_cash(case(wish)),)) == TODAY + dt.timedelta(days=7)
    owing = msgspec.structs.replace(wish, payoff_good_through=TODAY + dt.timedelta(days=4))
    assert valid_until(TODAY, (in_cash(case(owing)),)) == TODAY + dt.timedelta(days=4)


def test_the_paper_of_a_quoted_lease_adds_up() -> None:
    """Over 300 random deals of kind lease: fees, products and prior balance make up the gross cap cost, and
    what is due at signing is the sum of its lines.
    """
    leases = 0
    for seed in range(300):
        random = Random(9_000 + seed)
        deal, sheet = random_deal(random), random_sheet(random)
        numbers, name = random_car(random)
        structure = msgspec.structs.replace(deal.structure, kind=DealKind.LEASE)
        subject = lease_case(msgspec.structs.replace(deal, structure=structure), sheet, numbers, name)
        stored = pencil(subject)
        assert stored.answer.kind is DealKind.LEASE
        if not stored.answer.eligible:
            continue
        figures = lease_figures(stored, CAR)
        names = {line.name: line.cents for line in figures.lines}
        assert sum(names.values()) == figures.gross_cap_cents
        assert names["Fees in the cap cost"] >= 0
        assert figures.gross_cap_cents + sum(line.cents for line in figures.reductions) == (
            figures.adjusted_cap_cents
        )
        assert sum(line.cents for line in figures.signing) == figures.due_at_signing_cents
        leases += 1
    assert leases > 40
