"""How much a client may send, who is kept out, and how often one may be refused at once."""

from hypothesis import given
from hypothesis import strategies as st

from protocol.rights import TokenScope
from server.database.people.credentials import PERSON_SCOPES, Credential, CredentialKind
from server.hub.sockets.limits import (
    CHANNELS_OF_LOAD,
    COMMANDS,
    COMMANDS_WINDOW_SECONDS,
    FLOOD_FACTOR,
    FLOOD_SECONDS,
    FRAME_BYTES,
    FRAMES,
    MOST_FLOODERS,
    NOTHING,
    REFUSAL_SECONDS,
    REFUSALS,
    REFUSALS_WINDOW_SECONDS,
    CommandRate,
    Floods,
    FrameAllowance,
    IntakeRate,
    Pace,
    Refusals,
    allowance_of,
    limits_of,
)
from tests.hub.channels.people import FAR_AWAY


def test_pace_of_a_burst() -> None:
    """Fifty are allowed, then each is refused, at three times the rate the connection ends."""
    rate = CommandRate()
    paces = [rate.count(now=0.0) for _ in range(COMMANDS * FLOOD_FACTOR + 1)]
    assert paces[:COMMANDS] == [Pace.ALLOWED] * COMMANDS
    assert set(paces[COMMANDS:-1]) == {Pace.LIMITED}
    assert paces[-1] is Pace.FLOOD


def test_the_window_moves() -> None:
    """A command counts for ten seconds, refused ones too."""
    rate = CommandRate()
    for second in range(2):
        for _ in range(COMMANDS):
            rate.count(now=float(second))
    assert rate.count(now=COMMANDS_WINDOW_SECONDS - 0.1) is Pace.LIMITED
    assert rate.count(now=COMMANDS_WINDOW_SECONDS + 0.9) is Pace.LIMITED
    assert rate.count(now=COMMANDS_WINDOW_SECONDS + 1.0) is Pace.ALLOWED


def credential(*scopes: TokenScope) -> Credential:
    return Credential(1, CredentialKind.BEARER, frozenset({*PERSON_SCOPES, *scopes}), FAR_AWAY)


def test_a_client_that_keeps_the_limit_of_commands_sends_few_enough_frames() -> None:
    """Every command that is answered may be a whole frame; one in small parts is let through too."""
    rate = IntakeRate(allowance_of(credential()), 0.0)
    for _ in range(COMMANDS * FLOOD_FACTOR):
        assert rate.take(1, FRAME_BYTES + 14, 0.0)
    rate = IntakeRate(allowance_of(credential()), 0.0)
    assert rate.take(FRAME_BYTES // 64, FRAME_BYTES // 64 * 70, 0.0)
    assert rate.take(COMMANDS * FLOOD_FACTOR, 10_000, 0.0)


def test_a_load_tester_joins_all_its_channels() -> None:
    """Its joins come one a frame, twice over where it is told to join again."""
    load = credential(TokenScope.LOAD)
    rate = IntakeRate(allowance_of(load), 0.0)
    for _ in range(2 * CHANNELS_OF_LOAD + COMMANDS * FLOOD_FACTOR):
        assert rate.take(1, 200, 0.0)
    assert limits_of(load).frames == allowance_of(load).frames
    assert limits_of(credential()).frames == FRAMES


def test_frames_and_bytes_count() -> None:
    """One more of either than the allowance is a flood; of nothing, anything is."""
    assert IntakeRate(FrameAllowance(10, 100), 0.0).take(10, 100, 0.0)
    assert not IntakeRate(FrameAllowance(10, 100), 0.0).take(11, 1, 0.0)
    assert not IntakeRate(FrameAllowance(10, 100), 0.0).take(1, 101, 0.0)
    assert not IntakeRate(NOTHING, 0.0).take(1, 6, 1e9)


@given(st.lists(st.tuples(st.floats(0, 3), st.integers(0, 400)), max_size=60))
def test_never_more_than_twice_the_allowance_in_a_window(sent: list[tuple[float, int]]) -> None:
    """What was saved up and what grows back: no window lets through more than both."""
    rate, now, taken = IntakeRate(FrameAllowance(FRAMES), 0.0), 0.0, list[tuple[float, int]]()
    for pause, frames in sent:
        now += pause
        if not rate.take(frames, frames, now):
            break
        taken.append((now, frames))
        window = [count for at, count in taken if now - at < COMMANDS_WINDOW_SECONDS]
        assert sum(window) <= 2 * FRAMES


def test_an_allowance_grows_back() -> None:
    """After a window it is whole again, and no more than that."""
    rate = IntakeRate(FrameAllowance(100, 10_000), 0.0)
    assert rate.take(100, 10_000, 0.0)
    assert rate.take(50, 5_000, COMMANDS_WINDOW_SECONDS / 2)
    assert rate.take(100, 10_000, 10.0 * COMMANDS_WINDOW_SECONDS)
    assert not rate.take(1, 1, 10.0 * COMMANDS_WINDOW_SECONDS)


def test_who_flooded_stays_out_for_a_minute() -> None:
    """A minute from the last time, and nobody else."""
    floods = Floods()
    floods.note("ann", 0.0)
    assert floods.seconds_left("ann", 1.0) == FLOOD_SECONDS - 1.0
    assert floods.seconds_left("bob", 1.0) == 0.0
    floods.note("bob", 10.0)
    floods.note("ann", 20.0)
    assert floods.seconds_left("ann", FLOOD_SECONDS) == 20.0
    assert floods.seconds_left("bob", FLOOD_SECONDS + 10.0) == 0.0
    assert floods.seconds_left("ann", FLOOD_SECONDS + 20.0) == 0.0


def test_those_who_flooded_take_bounded_room() -> None:
    """Whoever flooded longest ago is forgotten first."""
    floods = Floods()
    for number in range(MOST_FLOODERS + 1):
        floods.note(str(number), 0.0)
    assert floods.seconds_left("0", 0.0) == 0.0
    assert floods.seconds_left("1", 0.0) == FLOOD_SECONDS


def test_many_refusals_are_slow() -> None:
    """Some are answered at once; beyond them each waits, until the window is over."""
    refusals = Refusals()
    assert [refusals.count(0.0) for _ in range(REFUSALS)] == [0.0] * REFUSALS
    assert refusals.count(REFUSALS_WINDOW_SECONDS - 0.1) == REFUSAL_SECONDS
    assert refusals.count(REFUSALS_WINDOW_SECONDS) == 0.0
