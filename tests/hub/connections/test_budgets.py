"""What people may ask of all processes together: pure, with a clock of the test's own."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol import commands
from protocol.closing import ErrorCode
from protocol.commands import COMMAND_TYPES, Cost
from server.counts.usage import Usage
from server.hub.connections.budgets import (
    PERSON_UNITS,
    STORE_UNITS,
    WINDOW_SECONDS,
    Budget,
    Budgets,
    OverBudget,
)
from server.hub.sockets.limits import COMMANDS, COMMANDS_WINDOW_SECONDS

STORE, ANN, BOB = "riverside", "ann", "bob"


class Clock:
    """A clock that the test turns."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


class Counted:
    """What Redis does: counts for all processes, in windows that all of them share."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._windows: dict[int, dict[str, int]] = {}

    def settle(self, budgets: Budgets) -> None:
        """Settle with one process."""
        number = int(self._clock.now // WINDOW_SECONDS)
        for store_id, people in budgets.take_fresh().items():
            running = self._windows.setdefault(number, {})
            for person, units in people.items():
                running[person] = running.get(person, 0) + units
            elapsed = self._clock.now - number * WINDOW_SECONDS
            budgets.settle(store_id, Usage(elapsed, running, self._windows.get(number - 1, {})))


def spend(budgets: Budgets, person: str, units: int, store: str = STORE) -> int:
    """Ask for single units until they are had or one is refused; return how many were had."""
    for number in range(units):
        try:
            budgets.charge(store, person, 1)
        except OverBudget:
            return number
    return units


def refusal(budgets: Budgets, person: str, units: int = 1) -> OverBudget:
    """Return the refusal of a command."""
    with pytest.raises(OverBudget) as caught:
        budgets.charge(STORE, person, units)
    return caught.value


def test_a_person_is_refused_beyond_their_budget_and_nobody_else() -> None:
    """The refusal says whose budget it is and when to try again; colleagues and other stores go on."""
    budgets = Budgets(Clock())
    assert spend(budgets, ANN, 2 * PERSON_UNITS) == PERSON_UNITS
    error = refusal(budgets, ANN)
    assert (error.code, error.code.retry) == (ErrorCode.RATE_LIMITED, True)
    assert error.detail["budget"] == Budget.PERSON
    assert spend(budgets, BOB, 100) == 100
    assert spend(budgets, ANN, 100, store="northgate") == 100


def test_one_connection_that_quotes_at_its_limit_is_never_over_the_budget() -> None:
    """What one connection may ask for, a person may."""
    clock = Clock()
    budgets, counted = Budgets(clock), Counted(clock)
    for _ in range(10 * COMMANDS):
        budgets.charge(STORE, ANN, commands.Quote.cost)
        counted.settle(budgets)
        clock.now += COMMANDS_WINDOW_SECONDS / COMMANDS + 0.001


def test_a_store_over_its_budget_serves_those_within_their_share() -> None:
    """Of many who take all they may, each keeps an even share; who asks for little is never refused."""
    budgets = Budgets(Clock())
    crowd = [f"u{number}" for number in range(9)]
    for person in crowd:
        spend(budgets, person, PERSON_UNITS)
    error = refusal(budgets, crowd[-1])
    assert error.detail["budget"] == Budget.STORE
    assert spend(budgets, BOB, PERSON_UNITS) == STORE_UNITS // (len(crowd) + 1)
    assert spend(budgets, ANN, PERSON_UNITS, store="northgate") == PERSON_UNITS


def test_a_search_is_always_within_a_share() -> None:
    """However many people a store has, one who has asked for nothing may search."""
    budgets = Budgets(Clock())
    for number in range(STORE_UNITS):
        budgets.charge(STORE, f"u{number}", 1)
    budgets.charge(STORE, ANN, Cost.SEARCHING)


def test_two_processes_share_one_budget() -> None:
    """What one used, the other refuses as soon as they have settled."""
    clock = Clock()
    here, there, counted = Budgets(clock), Budgets(clock), Counted(clock)
    there.expect(STORE)
    assert spend(here, ANN, PERSON_UNITS) == PERSON_UNITS
    counted.settle(here)
    counted.settle(there)
    refusal(there, ANN)
    assert spend(there, BOB, 10) == 10
    counted.settle(there)
    here.expect(STORE)
    counted.settle(here)
    assert spend(here, BOB, PERSON_UNITS) == PERSON_UNITS - 10


def test_a_process_that_reaches_nobody_counts_alone() -> None:
    """Nothing that was used is forgotten because the others were not told."""
    clock = Clock()
    budgets = Budgets(clock)
    for _ in range(4):
        assert spend(budgets, ANN, 50) == 50
        budgets.take_fresh()
        budgets.count_alone(STORE)
        clock.now += 0.5
    assert spend(budgets, ANN, PERSON_UNITS) == PERSON_UNITS - 200


def test_a_budget_is_settled_soon_and_a_large_part_at_once() -> None:
    """Nothing waits to be settled where nobody asked for anything."""
    budgets = Budgets(Clock())
    assert not budgets.is_due.is_set()
    budgets.charge(STORE, ANN, Cost.PRICING)
    assert (budgets.is_due.is_set(), budgets.is_urgent.is_set()) == (True, False)
    spend(budgets, ANN, 50)
    assert budgets.is_urgent.is_set()
    assert budgets.take_fresh() == {STORE: {ANN: Cost.PRICING + 50}}
    assert (budgets.is_due.is_set(), budgets.is_urgent.is_set()) == (False, False)
    assert budgets.take_fresh() == {}


def test_looking_is_free_and_work_is_not() -> None:
    """A ping, a focus and a leave take nothing; each other command does."""
    free = {command for command in COMMAND_TYPES if command.cost is Cost.FREE}
    assert free == {commands.Ping, commands.Focus, commands.Leave}
    assert commands.Note.cost < commands.Quote.cost < commands.Search.cost


@given(st.lists(st.tuples(st.floats(0, 4), st.integers(1, 40)), max_size=150))
def test_nobody_gets_more_than_the_budget_and_the_wait_that_is_told_is_enough(
    asked: list[tuple[float, int]],
) -> None:
    """Over any window a person gets at most twice the budget, as windows are counted, and after a refusal the
    same command is had once its wait is over.
    """
    clock = Clock()
    budgets, counted = Budgets(clock), Counted(clock)
    had: list[tuple[float, int]] = []
    for pause, units in asked:
        clock.now += pause
        try:
            budgets.charge(STORE, ANN, units)
        except OverBudget as error:
            waited = error.detail["retry_after_seconds"]
            assert isinstance(waited, int)
            assert 1 <= waited <= 2 * WINDOW_SECONDS
            clock.now += waited
            budgets.charge(STORE, ANN, units)
        had.append((clock.now, units))
        if units % 2:
            counted.settle(budgets)
        for began, _ in had:
            within = sum(units for at, units in had if began <= at < began + WINDOW_SECONDS)
            assert within <= 2 * PERSON_UNITS


@given(
    st.integers(1, 4),
    st.lists(st.tuples(st.integers(0, 3), st.integers(1, 10), st.booleans()), max_size=300),
)
def test_processes_together_go_over_by_what_they_have_not_told(
    processes: int, asked: list[tuple[int, int, bool]]
) -> None:
    """Within one window all processes together let through the budget and, for each of the others, no more
    than what one lets through before it settles.
    """
    clock = Clock()
    counted = Counted(clock)
    all_of_them = [Budgets(clock) for _ in range(processes)]
    had, untold = 0, 0
    for number, units, settles in asked:
        budgets = all_of_them[number % processes]
        try:
            budgets.charge(STORE, ANN, units)
        except OverBudget:
            assert had + units > PERSON_UNITS - untold
            continue
        had += units
        if settles or budgets.is_urgent.is_set():
            for each in all_of_them:
                each.expect(STORE)
                counted.settle(each)
            for each in all_of_them:
                each.expect(STORE)
                counted.settle(each)
        assert had <= PERSON_UNITS + (processes - 1) * 60
