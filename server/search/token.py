"""The token of ``search_ended.next``: where a search goes on. Opaque to clients."""

import base64
import binascii

import msgspec

from protocol import codec
from protocol.closing import CommandError, ErrorCode
from server.search.query import Keyset


class _Place(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    search_id: str
    position: int
    vehicle_id: int


def issue_token(search_id: str, after: Keyset) -> str:
    """Return the token for the cars of a search behind ``after``."""
    place = _Place(search_id, after.position, after.vehicle_id)
    return base64.urlsafe_b64encode(codec.encode(msgspec.to_builtins(place))).decode().rstrip("=")


def read_token(search_id: str, token: str) -> Keyset:
    """Return the place that a token of ``search_id`` names. Raises CommandError (invalid) for another."""
    try:
        padded = token + "=" * (-len(token) % 4)
        place = codec.decode_as(_Place, base64.b64decode(padded, altchars=b"-_", validate=True))
    except (binascii.Error, ValueError):
        raise _invalid() from None
    after = Keyset(place.position, place.vehicle_id)
    if place.search_id != search_id or issue_token(search_id, after) != token:
        raise _invalid()
    return after


def _invalid() -> CommandError:
    return CommandError(ErrorCode.INVALID, "This token does not continue this search.", field="token")
