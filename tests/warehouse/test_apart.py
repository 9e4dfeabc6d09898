"""No request waits for the warehouse: only the command ``sync`` imports its package or knows its address."""

import re
from pathlib import Path

from server.run.privileges import KEPT_BACK, without_owner
from server.settings import Settings
from tests.services import ROOT

MAY_IMPORT = {"server/commands/operations/sync.py"}
MAY_NAME = MAY_IMPORT | {
    *("server/run/privileges.py", "server/secret_files.py", "server/warehouse/reading/source.py"),
}
IMPORTS = re.compile(r"^\s*(from|import)\s+server\.warehouse\b", re.MULTILINE)


def sources() -> dict[str, str]:
    """Return the text of every module of the server outside the warehouse's package, by its path."""
    files = sorted((ROOT / "server").rglob("*.py"))
    return {str(file.relative_to(ROOT)): file.read_text() for file in files}


def test_only_the_command_imports_it() -> None:
    """``make lint`` holds the same by a contract, for indirect imports too."""
    outside = {path: text for path, text in sources().items() if not path.startswith("server/warehouse/")}
    assert len(outside) > 300
    assert {path for path, text in outside.items() if IMPORTS.search(text)} == MAY_IMPORT


def test_only_the_command_knows_its_address() -> None:
    found = {path for path, text in sources().items() if "WAREHOUSE_URL" in text}
    assert {path for path in found if not path.endswith("errors.py")} == MAY_NAME
    assert not any("WAREHOUSE" in name for name in _settings().environment())


def test_web_and_worker_never_see_the_address() -> None:
    """Nor the name of a file that holds it."""
    given = dict.fromkeys(KEPT_BACK, "x") | {"A": "b"}
    assert without_owner(given) == {"A": "b"}
    addresses = {"WAREHOUSE_URL", "DATABASE_OWNER_URL"}
    assert set(KEPT_BACK) == addresses | {f"{name}_FILE" for name in addresses}


def _settings() -> Settings:
    return Settings("postgresql://a", "postgresql://b", "redis://c", data_dir=Path("x"))
