"""The time of day."""

import datetime as dt


def utc_now() -> dt.datetime:
    """Return the time, with its zone."""
    return dt.datetime.now(dt.UTC)


def wire_time(time: dt.datetime) -> str:
    """Return a time as it is sent: RFC 3339 in UTC, with ``Z``."""
    return time.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")
