"""The time of day."""

import datetime as dt


def utc_now() -> dt.datetime:
    """Return the time, with its zone."""
    return dt.datetime.now(dt.UTC)
