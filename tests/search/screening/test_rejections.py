"""Why cars are kept out of a whole search."""

from hypothesis import given
from hypothesis import strategies as st

from protocol import codec
from protocol.events import Fix, FixKind, Rejection
from server.finance.rules.limits import Limit
from server.search.screening.rejections import MOST_CENTS, STEP_CENTS, Rejections

CARS = st.lists(st.tuples(st.sampled_from(Limit), st.integers(-1, 12_000_00)), max_size=40)


def counted(cars: list[tuple[Limit, int]], carried: list[Rejection] | None = None) -> Rejections:
    """Return the counts of these cars behind those of earlier pages."""
    rejections = Rejections(carried or ())
    for limit, more_cash in cars:
        rejections.add(limit, more_cash)
    return rejections


def test_the_least_cash_that_opens_half() -> None:
    """Of four cars that cash opens, 400 dollars more open two; the fifth is past mending by cash."""
    cash = [150_00, 380_00, 400_01, 9_000_00, -1]
    report = counted([(Limit.PAYMENT_MAX, cents) for cents in cash] + [(Limit.MILEAGE, -1)]).report()
    assert report == [
        {
            "limit": "payment_max",
            "cars": 5,
            "fix": {"kind": "cash", "cash_cents": 400_00, "opens": 2},
            "cash_steps": [[200_00, 1], [400_00, 1], [500_00, 1], [9_000_00, 1]],
            "term_opens": [],
            "at_least": False,
        },
        {
            "limit": "mileage",
            "cars": 1,
            "fix": None,
            "cash_steps": [],
            "term_opens": [],
            "at_least": False,
        },
    ]


def test_a_limit_of_the_deal_names_the_change_that_meets_it() -> None:
    """For all cars at once, and still on the next page; cash stands first where it helps."""
    fix = Fix(kind=FixKind.FIRST_PAYMENT, first_payment_days=45)
    rejections = Rejections()
    rejections.count(Limit.FIRST_PAYMENT, 40, fix)
    later = Rejections([codec.convert(Rejection, each) for each in rejections.report()])
    later.count(Limit.FIRST_PAYMENT, 2)
    assert later.report() == [
        {
            "limit": "first_payment",
            "cars": 42,
            "fix": {"kind": "first_payment", "first_payment_days": 45},
            "cash_steps": [],
            "term_opens": [],
            "at_least": False,
        }
    ]


@given(first=CARS, second=CARS)
def test_pages_add_up(first: list[tuple[Limit, int]], second: list[tuple[Limit, int]]) -> None:
    """A later page carries on from what the earlier one reported: as if it had all been one page."""
    carried = [codec.convert(Rejection, each) for each in counted(first).report()]
    assert counted(second, carried).report() == counted(first + second).report()


@given(cars=CARS)
def test_every_car_counts_once_and_the_table_is_bounded(cars: list[tuple[Limit, int]]) -> None:
    """Whatever the stock, a limit has at most a hundred steps, and the fix is one that opens enough."""
    rejections = counted(cars)
    assert len(rejections) == len(cars)
    for each in rejections.report():
        steps, curable = each["cash_steps"], sum(number for _, number in each["cash_steps"])
        assert len(steps) <= MOST_CENTS // STEP_CENTS + 1
        if each["fix"] is not None:
            assert each["fix"]["cash_cents"] % STEP_CENTS == 0
            assert 2 * each["fix"]["opens"] >= curable
