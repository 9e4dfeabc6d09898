"""How much a browser loads before the first deal is on the screen, as it is compressed on the way."""

import gzip
import re
from pathlib import Path

from tests.services import ROOT

DIST = ROOT / "client" / "web" / "dist"
KIB = 1024
MOST_SCRIPT = 120 * KIB
MOST_SHEET = 16 * KIB
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
    """The deal and the list of deals come in at most 120 KiB of script; managers' pages are apart."""
    app = scripts((DIST / "app.js").resolve())
    assert compressed(*app) < MOST_SCRIPT
    assert compressed(DIST / "app.css") < MOST_SHEET
    parts = {file.name.split("-page-")[0] for file in (DIST / "app").glob("*-page-*.js")}
    assert parts == {"wall", "security"}
    assert all("-page-" not in file.name for file in app)


def test_the_customers_page_has_nothing_of_the_staffs() -> None:
    """It is one script, a third of the other's size, and no word of the desk is in it."""
    offer = scripts((DIST / "offer.js").resolve())
    assert len(offer) == 1
    assert compressed(*offer) < MOST_SCRIPT / 3
    text = (DIST / "offer.js").read_text()
    assert not re.search(r"npv|reserve|buy_rate|stipulation|floorplan", text)
