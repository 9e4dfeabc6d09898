"""Profiles: collapsed stacks, the tree and the page that are made of them, and how a process is sampled."""

import os
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.doctor.profiling import sampling
from server.doctor.profiling.flame import WIDTH, boxes_of, flame_html
from server.doctor.profiling.profiled import profiled
from server.doctor.profiling.sampling import NotSampled, Sampled, Target, sample, target_for
from server.doctor.profiling.stacks import Profile, costs_of, function_of, read_stacks, tree_of
from server.observe.probe.places import Place

TEXT = """\
MainThread;server.run.app.serve:10;server.hub.join:7 6
MainThread;server.run.app.serve:12;json.dumps:1 3
MainThread;asyncio.runners.Runner.run:118 90
pool-1;threading.Thread.run:1;concurrent.futures.thread._worker:9 90
probe;socket.accept:1 50
"""
profiles = st.dictionaries(
    st.lists(st.sampled_from("abc"), min_size=1, max_size=4).map(tuple), st.integers(1, 50), max_size=8
).map(Profile)


def test_stacks_are_read_without_who_waits() -> None:
    """Threads without work are counted apart; the probe's own threads not at all."""
    profile = read_stacks(TEXT)

    assert (profile.samples, profile.waiting) == (9, 180)
    assert [(cost.name, round(cost.own, 2), cost.total) for cost in costs_of(profile)] == [
        ("server.hub.join", 0.67, 6 / 9),
        ("json.dumps", 0.33, 3 / 9),
        ("MainThread", 0.0, 1.0),
        ("server.run.app.serve", 0.0, 1.0),
    ]


@pytest.mark.parametrize("text", ["no count", "a;b x", " 5"])
def test_what_is_no_stack_is_refused(text: str) -> None:
    """A tool of another version may write something else."""
    with pytest.raises(ValueError, match="expected a stack"):
        read_stacks(text)


@pytest.mark.parametrize(
    ("frame", "function"),
    [
        ("server.hub.join.Join.run:42", "server.hub.join.Join.run"),
        ("Join.run (server/hub/join.py:42)", "server.hub.join.Join.run"),
        ("Join.run (server/hub/join.py)", "server.hub.join.Join.run"),
        ("_run_code (<frozen runpy>)", "_run_code (<frozen runpy>)"),
        ("thread (0x7F)", "thread (0x7F)"),
    ],
)
def test_both_ways_name_a_function_alike(frame: str, function: str) -> None:
    """py-spy writes files, our own sampler modules."""
    assert function_of(frame) == function


@settings(max_examples=40)
@given(profiles)
def test_frames_lie_upon_the_one_that_called_them(profile: Profile) -> None:
    """Side by side, in its width, as wide as their share."""
    top = tree_of(profile)
    boxes = boxes_of(top)

    assert (boxes[0].frame.samples, boxes[0].width) == (profile.samples, WIDTH)
    for box in boxes[1:]:
        assert box.width == pytest.approx(WIDTH * box.frame.samples / profile.samples)
        below = [
            other
            for other in boxes
            if other.row == box.row - 1 and any(child is box.frame for child in other.frame.children.values())
        ]
        assert len(below) == 1
        assert not any(
            other.row == box.row and box.left < other.left < box.left + box.width - 1e-6 for other in boxes
        )
        assert sum(other.left == box.left and other.row == box.row for other in boxes) == 1
        assert below[0].left - 1e-6 <= box.left
        assert box.left + box.width <= below[0].left + below[0].width + 1e-6


class Page(HTMLParser):
    """What a browser would load for a page."""

    def __init__(self) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.titles: list[str] = []
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.loaded += [value or "" for name, value in attrs if name in {"src", "href", "action", "data"}]

    def handle_data(self, data: str) -> None:
        if self.tags and self.tags[-1] == "title":
            self.titles.append(data)


def test_the_page_needs_nothing_else_and_escapes_names() -> None:
    """A function's name may hold anything: a script does, if a template names one."""
    evil = Profile({("</title><script>alert(1)</script>", 'a"b'): 3})
    text = flame_html(evil, "web 7", "by hand <i>")
    page = Page()
    page.feed(text)

    assert page.loaded == []
    assert page.tags.count("script") == 1
    assert "<i>" not in text
    assert "</title><script>alert(1)</script>: 3 samples, 100.0%" in page.titles
    assert "default-src 'none'" in text
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", text)


def test_a_process_that_did_nothing_has_a_page_too() -> None:
    """Without a sample there is nothing to draw but the ground."""
    assert "<rect" in flame_html(Profile({}, waiting=5), "worker 8", "")


@pytest.fixture
def spy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A py-spy that does what its script says."""
    program = tmp_path / "py-spy"
    monkeypatch.setattr(sampling, "_find_py_spy", lambda: str(program))
    yield program


def _write(program: Path, script: str) -> None:
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)


def test_py_spy_comes_first(spy: Path) -> None:
    """Its options are those of the installed one; tests/platform does not have to trace a process for it."""
    _write(spy, 'while [ "$1" != --output ]; do shift; done; echo "serve (server/run/app.py) 5" > "$2"')

    sampled = sample(Target(os.getpid(), "web 7"), 0.1)

    assert sampled.how.startswith("by py-spy")
    assert sampled.profile.stacks == {("serve (server/run/app.py)",): 5}


def test_where_tracing_is_forbidden_the_process_samples_itself(
    spy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the output says why."""
    _write(spy, "echo 'Error: Permission Denied: Try running again with elevated permissions' >&2; exit 1")
    asked = []
    monkeypatch.setattr(
        sampling, "ask", lambda _place, target, _seconds: asked.append(target) or TEXT.encode()
    )

    sampled = sample(Target(7, "web 7", Place("web", 7, Path("/nowhere"))), 0.1)

    assert asked == ["/profile?seconds=0.1&hz=100"]
    assert sampled.how == (
        "from within, 100 times a second (py-spy failed (Permission Denied: Try running again with elevated"
        " permissions))"
    )
    assert sampled.profile.samples == 9


def test_a_process_that_cannot_be_sampled_says_why(spy: Path, tmp_path: Path) -> None:
    """Neither way works for a computing process where tracing is forbidden, nor without any process."""
    _write(spy, "echo nothing; exit 1")

    with pytest.raises(NotSampled, match=r"py-spy failed \(it said nothing\), and it has no probe socket"):
        sample(Target(os.getpid(), "computing process 9"), 0.1)
    with pytest.raises(NotSampled, match="no process of ours answers"):
        target_for(tmp_path, None)


def test_the_summary_has_the_shares(tmp_path: Path) -> None:
    """Of the threads at work; how many waited is said apart."""
    sampled = Sampled(Target(7, "web 7"), read_stacks(TEXT), "by hand", 2.0)

    found = profiled(sampled, tmp_path / "flame.html", 1)

    assert (found.samples, found.waiting_share) == (9, 0.9524)
    assert [(cost.name, cost.own) for cost in found.functions] == [("server.hub.join", 0.6667)]
