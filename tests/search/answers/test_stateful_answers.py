"""An answer from memory is one that a search could have read: over changes of stock, rates, terms and the day
between and during searches, and over searches that fail, are superseded, cancelled or handed over.
"""

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from tests.search.answers.stateful_answers import AnswersMachine
from tests.search.answers.world import replaced


def test_no_answer_is_older_than_what_was_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """Never an older price, rate, term or day than the process knew of; each car once, and valued once; every
    search comes to its end, and every way to an answer was gone.
    """
    replaced(monkeypatch.setattr)
    AnswersMachine.seen.clear()
    run_state_machine_as_test(AnswersMachine, settings=settings(max_examples=80, stateful_step_count=40))
    ways = AnswersMachine.seen
    assert min(ways[name] for name in ("hits", "joins", "misses", "shared", "days", "replica")) > 3, ways


def test_a_search_goes_on_elsewhere_with_nothing_older(monkeypatch: pytest.MonkeyPatch) -> None:
    """It began under a rate sheet that the process has not heard of which finds the next cars."""
    replaced(monkeypatch.setattr)
    machine = AnswersMachine()
    machine.begin(delay=0)
    # So process 1 knows the rates of now.
    machine.search(process=1, deal="1", limit=4)
    machine.pass_time(1)
    machine.search(process=0, deal="1", limit=4)
    machine.change_rates(really=True)
    machine.pass_time(7)
    machine.more(process=1, deal="1")
    machine.teardown()
    started = [each for each in machine.events["deal:1"] if each["type"] == "search_started"]
    assert started[-1]["versions"]["rates"] == "2", "the search began under the older sheet"


def test_a_search_whose_replica_fails_is_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever it had read by then: the rest comes from the primary, and each car is counted once."""
    replaced(monkeypatch.setattr)
    failed = 0
    for ticks in range(1, 15):
        machine = AnswersMachine()
        machine.begin(delay=1)
        for car in (0, 1, 4, 7):
            machine.change(car, "dear")
        machine.search(process=0, deal="1", limit=100)
        machine.pass_time(ticks)
        machine.world.replica_failures = 1
        machine.teardown()
        failed += machine.world.replica_failed
        (end,) = [each for each in machine.events["deal:1"] if each["type"] == "search_ended"]
        assert (end["reason"], end["scanned"], end["matched"]) == ("complete", 8, 4)
        assert sum(each["cars"] for each in end["rejected"]) == 4
    assert failed > 5, "it had read everything by then"
