"""The names of channels: ``deal:<deal id>``, and ``desk:<store id>`` for the wall of a store."""

from typing import Final

_DEAL: Final = "deal:"
_WALL: Final = "desk:"
CHANNEL_PATTERN: Final = r"^(deal|desk):[A-Za-z0-9_-]+\Z"


def deal_channel(deal_id: str) -> str:
    """Return the name of a deal's channel."""
    return _DEAL + deal_id


def deal_of(channel: str) -> str | None:
    """Return the deal id of a deal's channel; None for a wall."""
    return channel.removeprefix(_DEAL) if channel.startswith(_DEAL) else None


def wall_channel(store_id: str) -> str:
    """Return the name of the channel of a store's wall."""
    return _WALL + store_id


def store_of(channel: str) -> str | None:
    """Return the store id of a wall's channel; None for a deal's channel."""
    return channel.removeprefix(_WALL) if channel.startswith(_WALL) else None
