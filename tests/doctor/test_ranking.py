"""The order of verdicts, as pure functions: what a person reads first is what to mend first."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from server.doctor.verdicts import (
    BUDGET_MS,
    CHECKS,
    Exit,
    Severity,
    Verdict,
    exit_code,
    ranked,
    worst,
)

TABLES = ("vehicles", "")
FEW = ("redis.away", "locks.held", "indexes.missing", "plans.scan", "pool.exhausted", "queue.old")
quickly = settings(max_examples=60)


@st.composite
def verdicts(draw: st.DrawFn) -> Verdict:
    """Any verdict; it may name any check as its cause, also itself and later ones."""
    causes = st.builds(
        lambda check, about: f"{check}/{about}" if about else check,
        st.sampled_from(FEW),
        st.sampled_from(TABLES),
    )
    return Verdict(
        check=draw(st.sampled_from(FEW)),
        severity=draw(st.sampled_from(list(Severity))),
        about=draw(st.sampled_from(TABLES)),
        says=draw(st.sampled_from(("one", "two"))),
        remedy="",
        wait_ms=draw(st.sampled_from((0.0, 1.0, 200.0))),
        explained_by=tuple(draw(st.lists(causes, max_size=3))),
    )


def explains(cause: Verdict, symptom: Verdict) -> bool:
    """Whether one verdict is named by the other as its cause, and may be it."""
    names = {cause.check, f"{cause.check}/{cause.about}"}
    earlier = list(CHECKS).index(cause.check) < list(CHECKS).index(symptom.check)
    return earlier and cause.severity is not Severity.NOTE and bool(names & set(symptom.explained_by))


@quickly
@given(st.lists(verdicts(), max_size=8), st.randoms())
def test_the_order_keeps_all_and_does_not_depend_on_the_order_of_finding(
    found: list[Verdict], shuffler: random.Random
) -> None:
    """A probe that answers sooner does not move its verdict."""
    shuffled = [*found]
    shuffler.shuffle(shuffled)

    assert ranked(shuffled) == ranked(found)
    assert sorted(map(repr, ranked(found))) == sorted(map(repr, found))


@quickly
@given(st.lists(verdicts(), max_size=8))
def test_a_symptom_comes_after_a_cause_of_it(found: list[Verdict]) -> None:
    """If any verdict explains another one, one of those that do is read before it."""
    ordered = ranked(found)
    for place, verdict in enumerate(ordered):
        causes = [other for other in found if explains(other, verdict)]
        assert not causes or any(explains(other, verdict) for other in ordered[:place])


@quickly
@given(st.lists(verdicts(), min_size=1, max_size=8))
def test_the_first_is_the_worst_or_explains_it(found: list[Verdict]) -> None:
    """Nobody reads a warning first if there is a fault that it does not explain."""
    first, *_ = ranked(found)
    reached, ahead = {id(first)}, [first]
    while ahead:
        at = ahead.pop()
        for other in found:
            if explains(at, other) and id(other) not in reached:
                reached.add(id(other))
                ahead.append(other)
    heaviest = max(found, key=lambda verdict: (verdict.severity.rank, verdict.wait_ms))
    same = [
        verdict
        for verdict in found
        if (verdict.severity, verdict.wait_ms) == (heaviest.severity, heaviest.wait_ms)
    ]
    assert first in same or any(id(verdict) in reached for verdict in same)


def test_without_causes_the_order_is_by_severity_and_then_by_wait() -> None:
    """A long wait that is only a warning comes after a fault that nobody waits for."""
    fault = Verdict(check="clock.off", severity=Severity.FAULT, says="", remedy="")
    slow = Verdict(check="redis.slow", severity=Severity.WARNING, says="", remedy="", wait_ms=90.0)
    slower = Verdict(check="postgres.slow", severity=Severity.WARNING, says="", remedy="", wait_ms=91.0)

    assert ranked([slow, slower, fault]) == [fault, slower, slow]


def test_a_cause_takes_the_weight_of_its_symptom() -> None:
    """The old statistics are mended first: the scan that they lead to is the fault that is felt."""
    stale = Verdict(
        check="statistics.stale", severity=Severity.WARNING, about="deals", says="", remedy="", wait_ms=1.0
    )
    scan = Verdict(
        check="plans.scan",
        severity=Severity.FAULT,
        about="deals",
        says="",
        remedy="",
        wait_ms=500.0,
        explained_by=("statistics.stale/deals",),
    )
    other = Verdict(check="queue.old", severity=Severity.FAULT, says="", remedy="", wait_ms=400.0)

    assert ranked([other, scan, stale]) == [stale, scan, other]


def test_a_weight_reaches_the_first_cause_of_a_chain() -> None:
    """A lock empties a pool, and jobs wait for it: the lock weighs as much as they do."""

    def link(check: str, wait_ms: float, *causes: str) -> Verdict:
        severity = Severity.FAULT if wait_ms else Severity.WARNING
        return Verdict(
            check=check, severity=severity, says="", remedy="", wait_ms=wait_ms, explained_by=causes
        )

    lock, pool = link("locks.held", 0.0), link("pool.exhausted", 0.0, "locks.held")
    jobs = link("queue.old", 900.0, "pool.exhausted")
    other = link("redis.slow", 80.0)

    assert ranked([other, jobs, pool, lock]) == [lock, pool, jobs, other]


def test_the_share_is_that_of_what_people_take_as_at_once() -> None:
    """100 ms."""
    assert Verdict(check="redis.slow", severity=Severity.FAULT, says="", remedy="", wait_ms=50.0).share == 0.5
    assert BUDGET_MS == 100.0


def test_the_exit_code_says_the_worst() -> None:
    """Notes alone are fine."""
    note, warning, fault = (
        Verdict(check="redis.memory", severity=severity, says="", remedy="") for severity in Severity
    )

    assert exit_code([]) == exit_code([note]) == Exit.FINE == 0
    assert exit_code([note, warning]) == Exit.WARNINGS == 3
    assert exit_code([warning, fault, note]) == Exit.FAULTS == 4
    assert worst([]) is None
    assert worst([note, warning]) is Severity.WARNING
