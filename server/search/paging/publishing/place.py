"""The place where a search continues: stored with it in the log and never sent to clients.

Clients get a random token for the place as ``search_ended.next``, because the place contains a value of the
sort column, which their view may not show.
"""

import base64
import binascii
import re
import secrets
from typing import Final

import msgspec

from protocol import codec
from protocol.closing import CommandError, ErrorCode
from server.search.sql.statement import Keyset

TOKEN_BYTES: Final = 16
_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{22}")


class _Place(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    search_id: str
    position: int
    vehicle_id: int


def write_place(search_id: str, after: Keyset) -> str:
    """Return the place of a search after ``after``, as text."""
    place = _Place(search_id, after.position, after.vehicle_id)
    return base64.urlsafe_b64encode(codec.encode(msgspec.to_builtins(place))).decode().rstrip("=")


def read_place(search_id: str, text: str) -> Keyset:
    """Return the place that ``write_place`` wrote for this search. Raises ValueError for any other text."""
    try:
        padded = text + "=" * (-len(text) % 4)
        place = codec.decode_as(_Place, base64.b64decode(padded, altchars=b"-_", validate=True))
    except binascii.Error as error:
        raise ValueError("no place of a search") from error
    after = Keyset(place.position, place.vehicle_id)
    if place.search_id != search_id or write_place(search_id, after) != text:
        raise ValueError("no place of this search")
    return after


def new_token() -> str:
    """Return a new random token for the place of a search."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def check_token(token: str) -> None:
    """Raise CommandError(invalid) for text that does not have the form of a token."""
    if not _TOKEN.fullmatch(token):
        raise CommandError(
            ErrorCode.INVALID, "token: expected the next of a search that has ended", field="token"
        )
