"""What a restored system prints for customers is what the original printed."""

import asyncio
import io
import re
from pathlib import Path

import pytest
from pypdf import PdfReader

from server.sample_deals.playing import play_deals
from server.settings import Settings
from tests.commands.here import run_here
from tests.flow.holdings import worked_deals
from tests.services import Services, settings_for

FINANCED, LEASED, IN_CASH = "Yara Lindqvist", "Ines Carvalho", "Leo Fontaine"


def printed(settings: Settings, deal_id: str, folder: Path) -> str:
    """Return the text of a deal's proposal, without the moment of printing."""
    path = folder / "deal.pdf"
    done = run_here("print", deal_id, "-o", str(path), environ=settings.environment())
    assert (done.returncode, done.stderr) == (0, ""), done
    pages = PdfReader(io.BytesIO(path.read_bytes())).pages
    return re.sub(r"\d{1,2}:\d{2}(:\d{2})?( [AP]M)?", "", "\n".join(page.extract_text() for page in pages))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_restored_system_prints_the_same(stocked: Settings, services: Services, tmp_path: Path) -> None:
    """A loan, a lease and a cash deal."""
    asyncio.run(play_deals(stocked))
    deals = asyncio.run(worked_deals(stocked))
    wanted = {name: printed(stocked, deals[name], tmp_path) for name in (FINANCED, LEASED, IN_CASH)}
    assert all(len(re.findall(r"\$[\d,]+\.\d\d", text)) > 5 for text in wanted.values()), wanted
    assert len(set(wanted.values())) == len(wanted)
    backup = tmp_path / "backup"
    assert run_here("backup", str(backup), environ=stocked.environment()).returncode == 0
    with services.database() as fresh:
        there = settings_for(fresh, stocked.redis_url, stocked.port)
        assert run_here("restore", str(backup), environ=there.environment()).returncode == 0
        assert {name: printed(there, deals[name], tmp_path) for name in wanted} == wanted
