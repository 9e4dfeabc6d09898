"""The parts of the bench that compute, and whether both sides of one do the same: nothing here is timed."""

import json
from html.parser import HTMLParser
from pathlib import Path

import pytest

from protocol import codec
from protocol.records import DealKind
from server.database.core.pool import connect_as_owner
from server.database.sample.seed import SeedPlan
from server.settings import Settings
from tests.bench import installing
from tests.bench.old_design import page as old_page
from tests.bench.old_design.comparing import Differ, check_equal
from tests.bench.old_design.counting import total
from tests.bench.old_design.page import Opened
from tests.bench.parts import PARTS, chosen
from tests.bench.results.figures import Figure, median, number, percentile
from tests.bench.results.plots import distance, draw_distances, draw_samples
from tests.bench.results.report import page, write_report
from tests.bench.results.results import read, show_all, write
from tests.bench.searches.opening import deals_of, open_old, open_ours, people_of
from tests.bench.stage import Stage
from tests.flow.searches.searching import STOCK
from tests.flow.shop import EASY

TIME = Figure(
    "a time", "ms", 30.0, 10.0, "the <bare> part", 2.0, samples=(29.0, 31.0), floor_samples=(9.0, 11.0)
)
RATE = Figure("a rate", "1/s", 30.0, 10.0, "a peer", 2.0, rate=True)
FEW = Figure("requests", "", 300.0, 30_000.0, "another design", 1 / 50)
ABSENT = Figure("a peer that is not here", "1/s", 30.0, None, "a peer: not measured, no node", 3.0, rate=True)
AIMLESS = Figure("no goal", "ms", 30.0, 10.0, "the bare part")
EVERY = [TIME, RATE, FEW, ABSENT, AIMLESS]
MACHINE = {"processor": "one & only", "cores": "2"}


def test_a_ratio_is_ours_in_floors_and_a_goal_has_a_side() -> None:
    """Three floors miss a goal of two for a time, and meet it for a rate."""
    assert [one.ratio for one in EVERY] == [3.0, 3.0, 0.01, None, 3.0]
    assert [one.met for one in EVERY] == [False, True, True, None, None]
    assert [one.verdict for one in EVERY] == ["missed", "met", "met", "not measured", "no goal"]


def test_what_the_table_shows() -> None:
    """A ratio has three digits, a goal its side; what was not measured is a dash."""
    assert [one.ratio_text for one in EVERY] == ["3x", "3x", "0.01x", "—", "3x"]
    assert [one.goal_text for one in EVERY] == ["≤ 2x", "≥ 2x", "≤ 0.02x", "≥ 3x", "—"]
    assert [number(value) for value in (0.01234, 12.345, 1_234.5, None)] == ["0.0123", "12.3", "1,234", "—"]


def test_statistics() -> None:
    """A percentile is a measured value; that of everything is the largest."""
    values = [5.0, 1.0, 4.0, 2.0, 3.0]
    assert median(values) == 3.0
    assert [percentile(values, share) for share in (0.0, 0.5, 0.99, 1.0)] == [1.0, 3.0, 5.0, 5.0]


def test_parts_are_chosen_by_name() -> None:
    """They run in the order of the registry; without names all do; a name that is not there is an error."""
    names = [part.name for part in PARTS]
    assert len(set(names)) == len(names)
    assert [part.name for part in chosen("")] == names
    assert [part.name for part in chosen(f"{names[1]}, {names[0]}")] == names[:2]
    with pytest.raises(ValueError, match="no such part: nonsense"):
        list(chosen("nonsense"))


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.name)
def test_each_part_is_there(part: object) -> None:
    """Its module is imported only when it runs, so a part that cannot be imported would be noticed late."""
    from importlib import import_module  # noqa: PLC0415

    assert callable(import_module(part.module).measure)  # type: ignore[attr-defined]


def test_results_are_read_as_they_were_written(tmp_path: Path) -> None:
    """Parts that were measured apart become one report."""
    reports = {"one": (EVERY, ["a note"]), "two": ([], [])}
    path = tmp_path / "folder" / "bench.json"
    write(reports, MACHINE, path)
    assert read(path) == reports
    assert json.loads(path.read_text())["machine"] == MACHINE


def test_the_terminal_names_what_was_missed(capsys: pytest.CaptureFixture[str]) -> None:
    """Goals that could not be compared are not counted."""
    show_all({"one": (EVERY, ["a note"])}, MACHINE)
    out = capsys.readouterr().out
    assert "2 of 3 goals met." in out
    assert "missed: a time: 3x, goal ≤ 2x" in out
    assert "a note" in out


class _Tags(HTMLParser):
    """Notes whether every tag is closed, and what is loaded from elsewhere."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.links += [value or "" for name, value in attrs if name in {"src", "href"}]
        if tag not in {"meta"}:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Nothing is open after it."""

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_report_is_one_whole_page(tmp_path: Path) -> None:
    """It names misses and machine, escapes what it shows, and loads nothing."""
    write_report({"one": (EVERY, ["a note"])}, MACHINE, tmp_path / "report.html")
    text = (tmp_path / "report.html").read_text()
    tags = _Tags()
    tags.feed(text)
    assert (tags.open, tags.links) == ([], [])
    assert "2 of 3 goals met" in text
    assert "the &lt;bare&gt; part" in text
    assert "one &amp; only" in text
    assert page({}, {})


def test_plots_are_drawn() -> None:
    """Distances tell how many times better than its goal a figure is; each turn has its place."""
    assert [distance(one) for one in (TIME, RATE)] == [pytest.approx(2 / 3), pytest.approx(1.5)]
    assert distance(FEW) == pytest.approx(2.0)
    with pytest.raises(ValueError, match="has no goal"):
        distance(ABSENT)
    assert draw_samples(TIME).count("<circle ") == 4
    assert draw_distances([TIME, RATE, FEW]).count("<circle ") == 3
    assert draw_distances([]) == ""


def test_a_peer_that_cannot_be_installed_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The row of a peer says so; nothing is tried on the network."""
    monkeypatch.setattr(installing.shutil, "which", lambda _name: None)
    with pytest.raises(installing.NotInstalled, match="no node and npm"):
        installing.node_with("socket_io_hub.mjs")


def test_counts_of_all_processes_add_up(tmp_path: Path) -> None:
    """Each process of the old design leaves its own."""
    for name, counts in (("a", {"postgres": 2, "redis": 3}), ("b", {"redis": 4})):
        (tmp_path / name).write_text(json.dumps(counts))
    assert total([tmp_path / "a", tmp_path / "b"]) == {"postgres": 2, "redis": 7}


def opened(*, whole: bool = True, **npvs: int) -> Opened:
    """Return a deal as its page has it: the value of each car."""
    offers = {car: {"kind": "finance", "npv_cents": npv} for car, npv in npvs.items()}
    return Opened(offers=offers, whole=whole)


@pytest.mark.parametrize(
    ("old", "said"),
    [
        (opened(a=1, b=3), "1 of 1 deals .* car b: npv_cents is 2, with the old design 3"),
        (opened(a=1), "car b: finance, and no match of the old design"),
        (opened(a=1, b=2, c=3), "car c: finance with the old design, and no match of ours"),
        (opened(whole=False, a=0), "car a: npv_cents"),
        (opened(whole=False), "no offer that could be compared"),
    ],
)
def test_sides_that_did_other_work_are_not_compared(old: Opened, said: str) -> None:
    """A value, a car or a deal that one side has alone ends the part, and so does nothing to compare."""
    with pytest.raises(Differ, match=said):
        check_equal([opened(a=1, b=2)], [old])


def test_a_deal_that_was_cut_off_counts_with_the_offers_that_it_has() -> None:
    """The old design has only so much time."""
    check_equal([opened(a=1, b=2), opened()], [opened(whole=False, b=2), opened()])


class TestTheOldDesign:
    """The rebuilt system and ours, over a few deals."""

    @pytest.fixture
    def sample(self) -> SeedPlan:
        """Cars and deals of two stores."""
        return STOCK

    async def test_both_sides_do_the_same(
        self, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Whatever ours learns, the old design has to know: who takes a car, how it is paid, its price."""
        monkeypatch.setattr(old_page, "POLL_SECONDS", 0.02)
        stage = Stage(settings, "", "", tmp_path)
        deals = await deals_of(stage, 1 + len(DealKind))
        async with connect_as_owner(settings.database_owner_url) as database:
            for deal_id, kind in zip(deals, DealKind, strict=False):
                easy = json.loads(codec.encode(EASY)) | {"kind": kind, "trades": []}
                await database.execute(
                    "UPDATE deals SET structure = structure || $2 WHERE deal_id = $1::uuid", deal_id, easy
                )
        ours = await open_ours(stage, await people_of(stage, deals), deals, workers=1)
        old = await open_old(stage, deals, 50, processes=1)
        check_equal(ours.opened, old.opened)
        for kind, one in zip(DealKind, ours.opened, strict=False):
            assert kind in {offer["kind"] for offer in one.offers.values()}
