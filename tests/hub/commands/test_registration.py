"""What a command needs besides its fields: somebody who handles it, a right, a scope, a cost."""

import pytest

from protocol.commands import COMMAND_TYPES, ChannelCommand, Command, Cost, Ping
from protocol.rights import RIGHTS, Right, TokenScope
from server.hub.commands.registration import handlers_of, handles
from server.hub.commands.watch_handlers import WatchHandlers
from tests.hub.commands.owners import OWNERS


def kinds_below(kind: type[Command]) -> set[type[Command]]:
    """Return the commands below a class: those with no class below them."""
    below = kind.__subclasses__()
    return set().union(*map(kinds_below, below)) if below else {kind}


def test_every_command_of_the_vocabulary_is_sent_and_handled() -> None:
    """Every class is in ``AnyCommand``, which ``welcome`` lists, and one method handles it."""
    handlers = handlers_of(*map(object.__new__, OWNERS))

    assert set(COMMAND_TYPES) == kinds_below(Command) == set(handlers)


@pytest.mark.parametrize("kind", COMMAND_TYPES)
def test_every_command_says_its_cost_and_its_right(kind: type[Command]) -> None:
    """Nothing of it is inherited by accident. Only ping, which is about no channel, needs no right."""
    assert isinstance(vars(kind)["cost"], Cost)
    if kind is Ping:
        return
    assert issubclass(kind, ChannelCommand)
    right = vars(kind)["right"]
    assert isinstance(right, Right)
    assert isinstance(right.scope, TokenScope)
    assert any(right in rights for rights in RIGHTS.values())


def test_every_right_is_some_role_s() -> None:
    """A right that nobody has is a mistake."""
    assert {right for rights in RIGHTS.values() for right in rights} == set(Right)


def test_a_command_that_nobody_handles_is_a_fault_at_the_start() -> None:
    """Not at the first command of a person."""
    others = [object.__new__(kind) for kind in OWNERS if kind is not WatchHandlers]
    with pytest.raises(LookupError, match="nobody handles Join, Leave, Focus, Painted, History, Ping"):
        handlers_of(*others)


def test_a_command_that_two_methods_handle_is_a_fault_at_the_start() -> None:
    """Which of them counts would be an accident."""

    class Again:
        @handles(Ping)
        async def ping(self, connection: object, command: Ping) -> None: ...

    with pytest.raises(LookupError, match="Ping is handled twice"):
        handlers_of(*map(object.__new__, OWNERS), Again())
