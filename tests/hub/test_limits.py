"""How many commands a client may send."""

from server.hub.limits import COMMANDS, COMMANDS_WINDOW_SECONDS, FLOOD_FACTOR, CommandRate, Pace


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
