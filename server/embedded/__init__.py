"""Embedded PostgreSQL and Redis, for a machine that has neither.

``EmbeddedServices`` starts both for a data folder and releases them afterwards. The last user to release them
stops them.
"""

from server.embedded.errors import EmbeddedError
from server.embedded.services import (
    EmbeddedServices,
    Service,
    embedded_where_missing,
    standing_where_missing,
)

__all__ = ["EmbeddedError", "EmbeddedServices", "Service", "embedded_where_missing", "standing_where_missing"]
