"""The sample deals: who the customers are, and how far their deals have come.

Names, amounts and lenders are invented. Each deal shows something that a desk meets every day.
"""

import datetime as dt
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

from protocol.deal.customers import CustomerFacts
from protocol.deal.structure import TierSource
from protocol.deal.workflow import Action, Closing, LenderStatus, Reason
from protocol.records import DealKind
from server.database.sample.people import SECOND
from server.sample_deals.desk import DealAtWork, Wanted

Play = Callable[[DealAtWork], Awaitable[None]]

GAP: Final = {"product_id": "gap", "price_cents": 895_00}
CONTRACT: Final = {"product_id": "service-contract", "price_cents": 1_995_00}
MAINTENANCE: Final = {"product_id": "maintenance", "price_cents": 949_00}
MORE_CENTS: Final = 500_00
ROOM_CENTS: Final = 60_00
"""What a target payment leaves above the first offer: a dearer rate still fits."""


@dataclass(frozen=True, slots=True)
class Story:
    """A customer of a store, what the deal is meant to show, and how it is worked."""

    name: str
    shows: str
    play: Play
    store: str = "riverside"
    income_cents: int = 7_200_00
    debt_cents: int = 420_00
    score: int = 712
    phone: str = ""
    sales: str = "sales"
    """Whose deal it is: the end of the login."""

    def customer(self, today: dt.date) -> CustomerFacts:
        """Return what the store knows of the customer."""
        town, postal_code = ("Northgate", "45251") if self.store == "northgate" else ("Riverside", "45424")
        return CustomerFacts(
            name=self.name,
            phone=self.phone,
            address_line="1 Main Street",
            city=town,
            state="OH",
            postal_code=postal_code,
            monthly_income_cents=self.income_cents,
            other_debt_cents=self.debt_cents,
            score=self.score,
            score_source=TierSource.BUREAU,
            score_date=today - dt.timedelta(days=2),
        )


async def _with_car(deal: DealAtWork, wanted: Wanted, *, target: bool = True, **wish: Any) -> None:
    """State what the customer wants, and put the best of some cars on the deal."""
    usual = {"cash_down_cents": 2_000_00, "cash_down_max_cents": 4_000_00, "terms_months": [48, 60, 72]}
    await deal.terms(**{**usual, **wish})
    best = await deal.best_car(wanted)
    if target:
        most = -(-(best.payment_cents + ROOM_CENTS) // 10_00) * 10_00
        await deal.terms(payment_min_cents=most * 6 // 1_000 * 100, payment_max_cents=most)
    await deal.select(best.vehicle_id)


def _trade(
    car: tuple[int, str, str, int], allowance: int, owed: int = 0, lienholder: str = ""
) -> dict[str, Any]:
    """Return a trade: its car (year, make, model, miles), what is allowed for it and owed on it, in cents.

    What is owed does not grow by the day: an agreed payment would not last until tomorrow.
    """
    year, make, model, miles = car
    return {
        "id": "trade-1",
        "year": year,
        "make": make,
        "model": model,
        "mileage": miles,
        "allowance_cents": allowance,
        "payoff_cents": owed,
        "lienholder": lienholder,
    }


async def _submit(deal: DealAtWork) -> None:
    await deal.act(Action.SUBMIT, Reason.CUSTOMER_AGREES)


async def whole_deal(deal: DealAtWork) -> None:
    """From negative equity to the lender's money."""
    owes = _trade((2019, "Honda", "CR-V", 61_200), 9_000_00, 13_350_00, "Harbor Credit Union (sample)")
    await _with_car(
        deal,
        Wanted(new=False, least=27_000_00, most=33_000_00),
        trades=[owes],
        products=[GAP, CONTRACT],
        declined_products=["tire-wheel"],
    )
    await deal.request_appraisal("trade-1")
    await deal.terms(by_desk=True, trades=[{"id": "trade-1", "acv_cents": 8_650_00}])
    offer = await deal.select((await deal.offer()).vehicle_id)
    await _submit(deal)
    await deal.callback(
        str(offer.lender),
        LenderStatus.CONDITIONAL,
        above_buy_bp=75.0,
        stipulations=("Proof of income", "Proof of residence"),
    )
    await deal.note("Called Dana: the new payment is fine.")
    await _submit(deal)
    cash = (await deal.offer()).cash_down_cents + MORE_CENTS
    await deal.act(Action.COUNTER, Reason.CASH_TOO_LOW, cash_down_cents=cash)
    await deal.act(Action.ACCEPT, Reason.CUSTOMER_AGREES)
    await deal.act(Action.APPROVE, Reason.MEETS_POLICY)
    await deal.act(Action.SIGN, Reason.CUSTOMER_ACCEPTS)
    await deal.close(Closing.DELIVER, Reason.CAR_HANDED_OVER)
    await deal.clear_stipulations()
    await deal.close(Closing.FUND, Reason.LENDER_PAID)


async def two_callbacks(deal: DealAtWork) -> None:
    """One lender approves at a dearer rate, which changes the agreed payment; another one declines."""
    await _with_car(deal, Wanted(new=False, least=22_000_00, most=28_000_00), products=[GAP])
    await _submit(deal)
    own = str((await deal.offer()).lender)
    other = next(lender for lender in LENDERS if lender != own)
    await deal.refusal(other, Reason.EXCESSIVE_OBLIGATIONS)
    await deal.callback(own, LenderStatus.CONDITIONAL, above_buy_bp=60.0, stipulations=("Proof of income",))


async def desk_declines(deal: DealAtWork) -> None:
    """The income does not carry the payment, and the customer must be told why in writing."""
    await _with_car(deal, Wanted(new=False, least=24_000_00, most=30_000_00))
    await _submit(deal)
    await deal.act(Action.DECLINE, Reason.INCOME_INSUFFICIENT, Reason.EXCESSIVE_OBLIGATIONS)


async def waits_for_appraisal(deal: DealAtWork) -> None:
    """The trade counts at its allowance until the desk appraises it."""
    traded = _trade((2017, "Ford", "Escape", 88_400), 6_500_00, 2_100_00, "Keystone Finance (sample)")
    await _with_car(deal, Wanted(new=False, least=18_000_00, most=24_000_00), trades=[traded])
    await deal.pin((await deal.offer()).vehicle_id)
    await deal.request_appraisal("trade-1")


async def proposal_waits(deal: DealAtWork) -> None:
    """The desk asks for $500 more down; the salesperson has yet to answer."""
    await _with_car(deal, Wanted(new=False, least=25_000_00, most=31_000_00), products=[GAP, MAINTENANCE])
    await _submit(deal)
    cash = (await deal.offer()).cash_down_cents + MORE_CENTS
    await deal.act(Action.COUNTER, Reason.CASH_TOO_LOW, cash_down_cents=cash)


async def waits_for_the_desk(deal: DealAtWork) -> None:
    """Submitted, with products and a trade that is worth less than what is owed on it."""
    owes = _trade((2020, "Nissan", "Altima", 71_900), 9_800_00, 12_250_00, "Meridian Bank (sample)")
    await _with_car(
        deal,
        Wanted(new=False, least=24_000_00, most=30_000_00),
        trades=[{**owes, "acv_cents": None}],
        products=[CONTRACT],
        declined_products=["gap", "tire-wheel"],
    )
    await _submit(deal)


async def cash_buyer(deal: DealAtWork) -> None:
    """The customer pays in full; the desk has approved it."""
    wanted = Wanted(new=False, least=17_000_00, most=21_000_00)
    await _with_car(
        deal,
        wanted,
        target=False,
        kind=DealKind.CASH,
        cash_down_max_cents=26_000_00,
        products=[MAINTENANCE],
    )
    await _submit(deal)
    await deal.act(Action.APPROVE, Reason.MEETS_POLICY)


async def lease(deal: DealAtWork) -> None:
    """A new car for three years; the desk has yet to look at it."""
    await _with_car(
        deal,
        Wanted(new=True, least=26_000_00, most=36_000_00, make="Honda"),
        kind=DealKind.LEASE,
        terms_months=[24, 36],
        lease_miles_per_year=12_000,
    )
    await _submit(deal)


async def waits_for_money(deal: DealAtWork) -> None:
    """The car is with the customer; one stipulation keeps the lender from paying."""
    await _with_car(deal, Wanted(new=False, least=21_000_00, most=27_000_00), products=[GAP, CONTRACT])
    await _submit(deal)
    stipulations = ("Proof of insurance", "Signed odometer statement")
    await deal.callback(str((await deal.offer()).lender), LenderStatus.CONDITIONAL, stipulations=stipulations)
    await deal.act(Action.APPROVE, Reason.MEETS_POLICY)
    await deal.act(Action.SIGN, Reason.CUSTOMER_ACCEPTS)
    await deal.close(Closing.DELIVER, Reason.CAR_HANDED_OVER)
    await deal.clear_stipulations(stipulations[:1])


async def waits_at_northgate(deal: DealAtWork) -> None:
    """The other store's desk has something to do as well."""
    await _with_car(deal, Wanted(new=False, least=20_000_00, most=26_000_00), products=[GAP])
    await _submit(deal)


LENDERS: Final = ("Meridian Bank (sample)", "Harbor Credit Union (sample)")
STORIES: Final = (
    Story("Dana Whitfield", "a funded deal, with its whole story", whole_deal, phone="(937) 555-0147"),
    Story("Marcus Bell", "two lenders' callbacks", two_callbacks, score=698, phone="(937) 555-0148"),
    Story(
        "Priya Raman", "a declined deal with its reasons", desk_declines, income_cents=4_900_00,
        debt_cents=1_150_00, score=684, phone="(937) 555-0149",
    ),
    Story(
        "Tomas Alvarez", "an appraisal to be done", waits_for_appraisal, score=731, phone="(937) 555-0150",
        sales=SECOND,
    ),
    Story("Grace Kimura", "a proposal that waits for an answer", proposal_waits, phone="(937) 555-0151"),
    Story("Samuel Adeyemi", "a deal that waits for the desk", waits_for_the_desk, phone="(937) 555-0152"),
    Story("Leo Fontaine", "a cash buyer", cash_buyer, income_cents=9_800_00, phone="(937) 555-0153"),
    Story("Ines Carvalho", "a lease", lease, score=744, phone="(937) 555-0155", sales=SECOND),
    Story("Hana Petrov", "a delivered deal, not funded yet", waits_for_money, phone="(937) 555-0154"),
    Story("Yara Lindqvist", "a deal of the other store", waits_at_northgate, store="northgate"),
)  # fmt: skip
