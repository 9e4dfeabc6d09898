"""Whoever reads a table that is partitioned by deal names the deal, or reads all of it on purpose."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.services import ROOT

READ = re.compile(r"\b(?:FROM|JOIN) (?:pencils|deal_events)\b")
NAMED = re.compile(r"\bdeal_id\b *(?:=|IN\b)|USING \(deal_id\)")
WHOLE = {
    "server/database/deals/pencils.py": "verify-pencils recomputes all, and the report is about a month",
    "server/work/replay.py": "the same",
}
OWNERS = (
    "server/privacy/",
    "server/database/core/partitions.py",
    "server/doctor/",
    "server/database/sample/",
)


def texts_of(path: Path) -> Iterator[str]:
    """Yield the texts of a module, put together as Python does it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif isinstance(node, ast.JoinedStr):
            yield "".join(part.value for part in node.values if isinstance(part, ast.Constant))


def test_each_statement_names_the_deal() -> None:
    """Signing read every pencil of every deal once, for one whose deal was known."""
    read, without = 0, []
    for path in sorted((ROOT / "server").rglob("*.py")):
        name = str(path.relative_to(ROOT))
        if name in WHOLE or name.startswith(OWNERS):
            continue
        for text in texts_of(path):
            if READ.search(text):
                read += 1
                without += [] if NAMED.search(text) else [(name, text)]
    assert read > 8
    assert without == []
