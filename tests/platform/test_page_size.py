"""How much a browser loads before the first deal is on the screen, as it is compressed on the way."""

import gzip
import re
from pathlib import Path

import pytest

from tests.services import ROOT
from tools.installation import WITH_MAPS

DIST = ROOT / "client" / "web" / "dist"
KIB = 1024
MOST = 120 * KIB
STATIC_IMPORT = re.compile(r'(?:from|import)\s*"(\./[^"]+\.js)"')


def scripts(entry: Path) -> set[Path]:
    """Return a script and all that it needs before it runs."""
    found = {entry}
    for name in STATIC_IMPORT.findall(entry.read_text()):
        found |= scripts((entry.parent / name).resolve())
    return found


def compressed(*files: Path) -> int:
    """Return the bytes of files, each compressed by itself."""
    return sum(len(gzip.compress(file.read_bytes(), 9)) for file in files)


def test_the_page_of_a_deal_is_small() -> None:
    """What a salesperson's browser loads is one script and one sheet of at most 120 KiB; what only managers
    have is apart.
    """
    app = scripts((DIST / "app.js").resolve())
    assert len(app) == 1
    assert compressed(*app, DIST / "app.css") < MOST
    assert not list((DIST / "app").glob("*.css"))
    assert [file.name.partition("-")[0] for file in (DIST / "app").glob("*.js")] == ["managers"]
    assert "Lender callback" not in (DIST / "app.js").read_text()
    assert ".wall-row" not in (DIST / "app.css").read_text()


@pytest.mark.skipif(WITH_MAPS, reason="built with source maps, on request")
def test_a_build_has_no_source_maps_unless_asked() -> None:
    """The sources are nobody's who loads the page: only DEAL_MAPS=1 leaves their maps beside the scripts."""
    assert not list(DIST.rglob("*.map"))
    assert not [file for file in DIST.rglob("*.[jc]s*") if b"sourceMappingURL" in file.read_bytes()]


def test_the_customers_page_has_nothing_of_the_staffs() -> None:
    """It is one script, a third of the other's size, and no word of the desk is in it."""
    offer = scripts((DIST / "offer.js").resolve())
    assert len(offer) == 1
    assert compressed(*offer) < MOST / 3
    text = (DIST / "offer.js").read_text()
    assert not re.search(r"npv|reserve|buy_rate|stipulation|floorplan", text)
