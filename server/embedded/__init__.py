"""PostgreSQL and Redis of our own, for a machine that has neither.

``EmbeddedServices`` starts both for a data folder and lets go of them afterwards; whoever lets go last
stops them.
"""

from server.embedded.errors import EmbeddedError
from server.embedded.services import EmbeddedServices, Service, embedded_where_missing

__all__ = ["EmbeddedError", "EmbeddedServices", "Service", "embedded_where_missing"]
