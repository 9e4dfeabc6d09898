"""The names of channels: ``deal:<deal id>``, and of a store ``desk:<store id>`` for its wall and
``deals:<store id>`` for its list of deals.
"""

from typing import Final

_DEAL: Final = "deal:"
_WALL: Final = "desk:"
_LIST: Final = "deals:"
CHANNEL_PATTERN: Final = r"^(deal|desk|deals):[A-Za-z0-9_-]+\Z"


def deal_channel(deal_id: str) -> str:
    """Return the name of a deal's channel."""
    return _DEAL + deal_id


def deal_of(channel: str) -> str | None:
    """Return the deal id of a deal's channel; None for a wall."""
    return channel.removeprefix(_DEAL) if channel.startswith(_DEAL) else None


def wall_channel(store_id: str) -> str:
    """Return the name of the channel of a store's wall."""
    return _WALL + store_id


def list_channel(store_id: str) -> str:
    """Return the name of the channel of a store's list of deals."""
    return _LIST + store_id


def is_list(channel: str) -> bool:
    """Return whether a channel is that of a list of deals."""
    return channel.startswith(_LIST)


def store_of(channel: str) -> str | None:
    """Return the store id of the channel of a wall or a list; None for a deal's channel."""
    prefix = next((each for each in (_WALL, _LIST) if channel.startswith(each)), None)
    return None if prefix is None else channel.removeprefix(prefix)


def boards_of(store_id: str) -> tuple[str, str]:
    """Return the channels that have the deals of a store: its wall, and its list."""
    return wall_channel(store_id), list_channel(store_id)
