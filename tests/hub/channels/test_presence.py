"""Who is here, as one process knows it: nobody flickers, nobody counts twice, and the dead go."""

from hypothesis import given
from hypothesis import strategies as st

from protocol.events import Present
from protocol.records import Role, View
from server.hub.channels.presence import GRACE_SECONDS, SPACING_SECONDS, Room, others_of, seen_by

PEOPLE = [
    Present(user_id=f"u{number}", name=name, role=Role.SALESPERSON)
    for number, name in enumerate(("Ann", "Bo", "Cy"))
]


def names(people: list[Present]) -> list[str]:
    """Return who is here."""
    return [person.name for person in people]


def test_a_person_counts_once() -> None:
    """However many sockets they have, through however many processes; the last focus counts."""
    room = Room()
    room.enter("a", PEOPLE[0], 0.0)
    room.enter("b", PEOPLE[0], 1.0)
    assert room.focus("a", "rate_bp", 2.0)
    assert not room.focus("a", "rate_bp", 3.0)
    room.others = {"elsewhere": [PEOPLE[0], PEOPLE[1]]}
    assert [(person.name, person.focus) for person in room.here()] == [("Ann", "rate_bp"), ("Bo", None)]
    room.leave("a")
    assert names(room.here()) == ["Ann", "Bo"]
    room.leave("b")
    room.others = others_of({"me": [PEOPLE[2]], "elsewhere": []}, "me")
    assert room.here() == []


def test_who_comes_back_was_never_gone() -> None:
    """A lost connection leaves no trace where another takes its place within the grace."""
    room = Room()
    room.enter("a", PEOPLE[0], 0.0)
    room.lose("a", 10.0)
    assert not room.expire(10.0 + GRACE_SECONDS - 0.1)
    assert names(room.here()) == ["Ann"]
    room.enter("b", PEOPLE[0], 20.0)
    assert room.next_expiry() == 10.0 + GRACE_SECONDS
    assert room.expire(10.0 + GRACE_SECONDS)
    assert names(room.here()) == ["Ann"]
    room.lose("b", 30.0)
    room.lose("b", 40.0)
    assert room.expire(30.0 + GRACE_SECONDS)
    assert room.here() == []


def test_it_is_sent_at_most_twice_a_second() -> None:
    """What changes in between is sent together, and what changes nothing is not sent."""
    room = Room()
    assert room.wait(0.0) == 0.0
    room.mark_sent(room.here(), 0.0)
    assert room.wait(0.1) is None
    room.enter("a", PEOPLE[0], 0.1)
    assert room.wait(0.1) == SPACING_SECONDS - 0.1
    room.enter("b", PEOPLE[1], 0.2)
    assert room.wait(SPACING_SECONDS) == 0.0
    room.mark_sent(room.here(), SPACING_SECONDS)
    room.focus("a", None, 0.6)
    assert room.wait(0.7) is None


def test_views_see_what_they_may() -> None:
    """A focus on a hidden field is none; customers see nobody."""
    here = [
        Present(user_id="u", name="Ann", role=Role.DESK_MANAGER, focus="trade_acv_cents"),
        Present(user_id="v", name="Bo", role=Role.SALESPERSON, focus="cash_down_cents"),
    ]
    assert [person.focus for person in seen_by(here, View.MANAGER)] == ["trade_acv_cents", "cash_down_cents"]
    assert [person.focus for person in seen_by(here, View.SALES)] == [None, "cash_down_cents"]
    assert seen_by(here, View.CUSTOMER) == []


steps = st.lists(
    st.tuples(
        st.sampled_from(["enter", "lose", "leave", "focus", "expire"]),
        st.integers(0, 5),
        st.integers(0, 2),
        st.floats(0, 20),
    ),
    max_size=40,
)


@given(steps)
def test_everybody_is_here_until_they_are_gone(moves: list[tuple[str, int, int, float]]) -> None:
    """Against a plain model: here while a visit of theirs stands, or was lost within the grace."""
    room, model, now = Room(), dict[int, tuple[int, float | None]](), 0.0
    for kind, key, person, passed in moves:
        now += passed
        match kind:
            case "enter":
                room.enter(key, PEOPLE[person], now)
                model[key] = (person, None)
            case "lose" if key in model and model[key][1] is None:
                room.lose(key, now)
                model[key] = (model[key][0], now + GRACE_SECONDS)
            case "leave":
                room.leave(key)
                model.pop(key, None)
            case "focus":
                room.focus(key, "rate_bp", now)
            case _:
                pass
        room.expire(now)
        model = {key: visit for key, visit in model.items() if visit[1] is None or visit[1] > now}
        assert names(room.here()) == sorted({PEOPLE[person].name for person, _ in model.values()})
