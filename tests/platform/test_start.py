"""What a web process imports before it is ready."""

import subprocess
import sys

from tests.services import ROOT

LATER = (
    "numpy",
    "server.finance.plan",
    "server.finance.quoting",
    "typer",
    "pydantic",
    "sqlalchemy",
    "alembic",
    "jinja2",
    "argon2",
    "prometheus_client",
    "rich",
    "server.embedded",
)
"""Needed to compute, for a page, a password or an operator, or by other commands; together they took longer
than everything else.
"""


def after(script: str) -> set[str]:
    """Return the lines that a Python process of its own prints."""
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return {*done.stdout.splitlines()}


def test_a_web_process_is_ready_before_it_can_compute() -> None:
    """NumPy, pages and passwords come once it is ready; a parser of options and rich never do."""
    script = (
        "import sys; from server.run.processes import import_web; import_web();"
        "import server.observe.logs, server.run.privileges; print(*sys.modules, sep='\\n')"
    )
    assert not {*LATER} & after(script)


def test_what_is_imported_is_never_looked_at_as_garbage() -> None:
    """Collections run again once everything is imported, and pass over it; rich can still be imported."""
    script = (
        "import gc; from server.run.processes import import_web; import_web();"
        "print(gc.isenabled(), gc.get_freeze_count() > 10_000); import rich"
    )
    assert after(script) == {"True True"}


def test_everything_that_comes_later_is_there() -> None:
    """Each name of the list is a module. What draws papers and codes is for the computing processes alone: a
    web process would stand still while it imports that.
    """
    script = (
        "import sys; from server.run.app import LATER, load_the_rest; load_the_rest();"
        " import server.paper.printing, server.paper.qr; print(*LATER, *sys.modules, sep='\\n')"
    )
    found = after(script)
    assert "server.finance.quoting" in found
    assert "reportlab" not in found
