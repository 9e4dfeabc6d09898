"""What commands that need the services share: the option that names their folder, and what holds them."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from server.settings import Settings

DataDir = Annotated[
    Path | None,
    typer.Option("--data-dir", help="Folder of the embedded services, as for `up`.", show_default=False),
]
WithServices = Callable[[Path | None], AbstractContextManager["Settings"]]
"""Keeps the services of a data folder running while a command needs them."""
