"""Real services and processes for tests: a database for each test, an empty Redis, web and worker."""

from tests.services.databases import Database, Services, Templates, open_owner_pool, settings_for
from tests.services.places import free_port, open_folder
from tests.services.processes import (
    ROOT,
    Process,
    answers,
    start_together,
    start_web,
    start_worker,
)

__all__ = [
    "ROOT",
    "Database",
    "Process",
    "Services",
    "Templates",
    "answers",
    "free_port",
    "open_folder",
    "open_owner_pool",
    "settings_for",
    "start_together",
    "start_web",
    "start_worker",
]
