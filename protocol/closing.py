"""Error codes and close codes. Each says whether trying again can help."""

from collections.abc import Mapping
from enum import IntEnum, StrEnum
from typing import Any

import msgspec


class ErrorCode(StrEnum):
    """Why a command was refused."""

    INVALID = "invalid"
    UNAUTHORIZED = "unauthorized"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    CONFLICT = "conflict"
    LOCKED = "locked"
    RATE_LIMITED = "rate_limited"
    TOO_LARGE = "too_large"
    BUSY = "busy"
    DEGRADED = "degraded"
    SUPERSEDED = "superseded"
    INTERNAL = "internal"

    @property
    def retry(self) -> bool:
        """Whether the same command, sent again later, may succeed."""
        return self in {ErrorCode.RATE_LIMITED, ErrorCode.BUSY, ErrorCode.DEGRADED, ErrorCode.INTERNAL}


class CloseCode(IntEnum):
    """Why a socket was closed. RFC 6455 codes first, then ours."""

    NORMAL = 1000
    GOING_AWAY = 1001
    ABNORMAL = 1006
    BAD_UTF8 = 1007
    TOO_LARGE = 1009
    INTERNAL = 1011
    RESTART = 1012
    PROTOCOL_ERROR = 4000
    SIGNED_OUT = 4001
    FORBIDDEN = 4003
    TOO_SLOW = 4008
    TOO_MANY_COMMANDS = 4009

    @property
    def reconnect(self) -> bool:
        """Whether a client reconnects automatically."""
        return self in {
            CloseCode.GOING_AWAY,
            CloseCode.ABNORMAL,
            CloseCode.INTERNAL,
            CloseCode.RESTART,
            CloseCode.TOO_SLOW,
            CloseCode.TOO_MANY_COMMANDS,
        }


class CommandError(Exception):
    """A refused command, with the reason; the hub turns it into the ``reply``.

    ``detail`` is JSON-ready and names the field if one is at fault.
    """

    def __init__(self, code: ErrorCode, message: str, /, **detail: object) -> None:
        super().__init__(code, message, detail)
        self.code = code
        self.message = message
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"

    @property
    def retry_after_seconds(self) -> float | None:
        """When the command may be sent again, if the server said so."""
        return retry_after(self.detail)


def retry_after(detail: Mapping[str, object]) -> float | None:
    """Return after how many seconds a refused command may be sent again; None if that is not said."""
    seconds = detail.get("retry_after_seconds")
    return float(seconds) if isinstance(seconds, int | float) and seconds > 0 else None


def op_taken() -> CommandError:
    """Return the refusal of an op that was used before, for another command or by another person."""
    return CommandError(
        ErrorCode.CONFLICT,
        "This op was already used for another command. Send this command with a new op.",
        field="op",
    )


class ErrorBody(msgspec.Struct, frozen=True, kw_only=True):
    """The ``error`` of a ``reply``."""

    code: ErrorCode
    message: str
    retry: bool
    detail: dict[str, Any] = {}
