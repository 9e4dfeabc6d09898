"""When a client comes back."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.backoff import Timing, comes_back, pause_before
from protocol.closing import CloseCode

TIMING = Timing()


@given(attempt=st.integers(0, 1_000), seed=st.integers())
def test_a_pause_is_random_up_to_a_limit_that_doubles(attempt: int, seed: int) -> None:
    """Never longer than the limit of its attempt, nor than the longest; never negative."""
    pause = pause_before(attempt, CloseCode.RESTART, TIMING, random.Random(seed))
    assert 0 <= pause <= min(TIMING.longest_pause, TIMING.first_pause * 2**attempt)


def test_clients_of_a_restarted_server_come_back_spread_out() -> None:
    """A thousand clients on their eighth attempt use the whole time that they have."""
    chance = random.Random(1)
    pauses = sorted(pause_before(8, CloseCode.RESTART, TIMING, chance) for _ in range(1_000))
    assert pauses[100] < 0.15 * TIMING.longest_pause
    assert pauses[900] > 0.85 * TIMING.longest_pause


@given(seed=st.integers())
def test_too_many_commands_cost_a_minute(seed: int) -> None:
    """After 4009 a client stays away for a minute at least."""
    assert pause_before(0, CloseCode.TOO_MANY_COMMANDS, TIMING, random.Random(seed)) >= 60


@pytest.mark.parametrize(
    ("code", "expected"), [(1005, True), (1013, True), (1014, True), (4500, False), (1002, False)]
)
def test_codes_that_the_protocol_does_not_list(code: int, expected: bool) -> None:
    """Accidents of transport are worth another try; a decision that this version does not know is not."""
    assert comes_back(code) is expected
