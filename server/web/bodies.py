"""The bodies of requests, read within a bound."""

from starlette.requests import Request

from protocol.closing import CommandError, ErrorCode


async def body_of(request: Request, most_bytes: int) -> bytes:
    """Return the body of a request. Raises CommandError(too_large)."""
    parts = bytearray()
    async for part in request.stream():
        parts += part
        if len(parts) > most_bytes:
            raise CommandError(ErrorCode.TOO_LARGE, f"The body is larger than {most_bytes} bytes.")
    return bytes(parts)
