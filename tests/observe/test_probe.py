"""The probe of a process: it answers while the loop is blocked, and says what blocks it."""

import asyncio
import os
import socket
import stat
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.observe.probe.asking import NoAnswer, ask, vitals_of
from server.observe.probe.loop_watch import BUCKETS_SECONDS, Lags, LoopWatch
from server.observe.probe.places import Place, listen_at, place_of, places, probe_folder, sweep
from server.observe.probe.probed import probed
from server.observe.probe.questions import BadQuestion, profile_of, profile_question
from server.observe.probe.vitals import SHOWN_SECONDS

LONG_ENOUGH = 30.0


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """A data folder whose path is longer than a Unix socket's address may be."""
    folder = tmp_path / ("long" * 40)
    folder.mkdir()
    return folder


async def until_answers(data_dir: Path, kind: str = "web") -> Place:
    """Return the place of this process once its probe listens."""
    own = place_of(probe_folder(data_dir), kind, os.getpid())
    await until(lambda: places(probe_folder(data_dir)) == [own])
    return own


async def until(holds: Callable[[], bool]) -> None:
    """Return as soon as something holds that another thread brings about."""
    while not holds():  # noqa: ASYNC110 - a thread tells no event of the loop's
        await asyncio.sleep(0.01)


@pytest.fixture
def stale(data_dir: Path) -> Iterator[Path]:
    """The socket of a process that ended without a word."""
    folder = probe_folder(data_dir)
    folder.mkdir()
    path = folder / "web-1.sock"
    here = Path.cwd()
    os.chdir(folder)
    try:
        with socket.socket(socket.AF_UNIX) as gone:
            gone.bind(path.name)
    finally:
        os.chdir(here)
    yield path


async def test_a_process_describes_itself(data_dir: Path) -> None:
    """Vital signs are JSON with the process's own figures; its metrics are what it exports."""
    with probed("web", data_dir, LoopWatch(), lambda: {"sessions": 3}, lambda: b"deal_sessions 3\n"):
        place = await until_answers(data_dir)
        vitals = await asyncio.to_thread(vitals_of, place, LONG_ENOUGH)
        assert vitals["pid"] == os.getpid()
        assert vitals["kind"] == "web"
        assert vitals["sessions"] == 3
        assert vitals["rss_bytes"] > 2**20
        assert 0 < vitals["open_fds"] <= vitals["fd_limit"]
        # A loop that is late, as on a busy machine, is shown with its stack.
        assert bool(vitals["loop"]["stack"]) == (vitals["loop"]["blocked_ms"] > 1000 * SHOWN_SECONDS)
        assert await asyncio.to_thread(ask, place, "/metrics", LONG_ENOUGH) == b"deal_sessions 3\n"
        for bad in ("/nothing", "/profile?seconds=0", "/profile?seconds=1&hz=many"):
            with pytest.raises(NoAnswer):
                await asyncio.to_thread(ask, place, bad, LONG_ENOUGH)
    assert places(probe_folder(data_dir)) == []
    with pytest.raises(NoAnswer, match=place.name):
        ask(place, "/vitals")


async def test_only_the_user_may_ask(data_dir: Path) -> None:
    """Neither the folder nor the socket is open to others."""
    with probed("worker", data_dir, LoopWatch(), dict, bytes):
        place = await until_answers(data_dir, "worker")
        assert stat.S_IMODE(place.path.parent.stat().st_mode) == 0o700
        assert stat.S_IMODE(place.path.stat().st_mode) == 0o600


async def test_a_blocked_loop_is_named_while_it_is_blocked(data_dir: Path) -> None:
    """The probe answers in a thread: it tells for how long the loop has been blocked, and where."""
    seen, tell = [], threading.Event()

    def hold_the_loop() -> None:
        tell.wait(LONG_ENOUGH)

    def look(place: Place) -> None:
        while not seen:
            loop = vitals_of(place, LONG_ENOUGH)["loop"]
            if loop["blocked_ms"] > 200:
                seen.append(loop)
        tell.set()

    watch = LoopWatch()
    with probed("web", data_dir, watch, dict, bytes):
        looking = threading.Thread(target=look, args=(await until_answers(data_dir),))
        looking.start()
        hold_the_loop()
        looking.join()
        assert any("hold_the_loop" in line for line in seen[0]["stack"])
        assert seen[0]["lag_max_ms"] > 200
        long = BUCKETS_SECONDS.index(0.1) + 1
        await until(lambda: sum(watch.lags.counts[long:]) > 0)
    assert watch.lag().most > 0.2


async def test_a_profile_names_what_runs(data_dir: Path) -> None:
    """Samples of all threads are summed by stack, outermost first."""
    done = threading.Event()

    def spin_for_the_profile() -> None:
        while not done.is_set():
            time.sleep(0)

    spinning = threading.Thread(target=spin_for_the_profile, name="spinner")
    with probed("web", data_dir, LoopWatch(), dict, bytes):
        place = await until_answers(data_dir)
        spinning.start()
        text = (await asyncio.to_thread(ask, place, profile_question(0.2, 100), LONG_ENOUGH)).decode()
        done.set()
        spinning.join()
    stacks = [line.rsplit(" ", 1) for line in text.splitlines()]
    assert all(int(count) > 0 for _, count in stacks)
    (spun,) = {stack.split(";")[0] for stack, _ in stacks if "spin_for_the_profile" in stack}
    assert spun == "spinner"


async def test_sockets_of_ended_processes_are_removed(data_dir: Path, stale: Path) -> None:
    """A process that starts removes what a dead one left; a living one's stays."""
    assert [place.path for place in places(probe_folder(data_dir))] == [stale]
    with probed("web", data_dir, LoopWatch(), dict, bytes):
        place = await until_answers(data_dir)
        sweep(probe_folder(data_dir))
        assert places(probe_folder(data_dir)) == [place]


async def test_a_process_without_a_place_goes_on(tmp_path: Path) -> None:
    """A data folder that cannot be written costs the probe, not the process."""
    (tmp_path / "run").write_text("no folder")
    with probed("web", tmp_path, LoopWatch(), dict, bytes):
        await asyncio.sleep(0)
    assert places(probe_folder(tmp_path)) == []


def test_the_record_of_a_long_path_names_the_folder(tmp_path: Path) -> None:
    """The embedded services' sockets may lie elsewhere, and so do ours then."""
    assert probe_folder(tmp_path) == tmp_path / "run"
    (tmp_path / "sockets").write_text("/elsewhere/short\n")
    assert probe_folder(tmp_path) == Path("/elsewhere/short")


@given(st.lists(st.floats(0, 10), min_size=1, max_size=300))
def test_lags_are_all_counted(lags: list[float]) -> None:
    """The histogram has every lag; the last minute's percentiles are of those that were measured."""
    kept = Lags()
    for number, lag in enumerate(lags):
        kept.add(number * 0.01, lag)
    assert sum(kept.counts) == len(lags)
    assert kept.sum_seconds == pytest.approx(sum(lags))
    for bound, upper in enumerate(BUCKETS_SECONDS):
        assert sum(kept.counts[: bound + 1]) == sum(lag <= upper for lag in lags)
    found = kept.of_last_minute(now=3.0, blocked=0.0)
    assert {found.p50, found.p99, found.most} <= {*lags}
    assert found.p50 <= found.p99 <= found.most == max(lags)
    assert kept.of_last_minute(now=1_000.0, blocked=2.0).p50 == 2.0


@given(st.floats(0.001, 300), st.integers(1, 1000))
def test_a_question_for_a_profile_is_understood(seconds: float, hertz: int) -> None:
    """What is asked is what is sampled."""
    asked = profile_of(profile_question(seconds, hertz))
    assert asked == (pytest.approx(seconds, rel=1e-5), pytest.approx(hertz, rel=1e-5))


@pytest.mark.parametrize(
    "target", ["/profile?seconds=nan", "/profile?hz=0", "/profile?seconds=301", "/profile?hz="]
)
def test_a_bad_question_names_its_number(target: str) -> None:
    """The answer says which number was wrong and what is expected."""
    with pytest.raises(BadQuestion, match=r"(seconds|hz) must be a number above 0"):
        profile_of(target)


def test_a_process_that_sweeps_meanwhile_does_not_take_it_for_dead(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Processes of a machine start at the same time, and each removes what dead ones left behind."""
    here = place_of(tmp_path, "web", 1)
    listen = socket.socket.listen

    def listen_after_a_sweep(listener: socket.socket) -> None:
        sweep(tmp_path)
        listen(listener)

    monkeypatch.setattr(socket.socket, "listen", listen_after_a_sweep)
    with listen_at(here.path):
        sweep(tmp_path)
        assert places(tmp_path) == [here]
        assert [path.name for path in tmp_path.iterdir()] == [here.path.name]
