"""The Procfile becomes a formation."""

import sys
from pathlib import Path

import pytest

from server.run.procfile import PROCFILE, Instance, ProcfileError, read_formation


def test_numbered_instances(tmp_path: Path) -> None:
    """Each kind is started as often as asked for; ``python`` is the interpreter that reads the file."""
    path = tmp_path / "Procfile"
    path.write_text("# ours\nweb: python -m server web\n\nworker: nice 'a b'\n")
    assert read_formation(path, {"web": 2, "worker": 1}) == [
        Instance("web.1", (sys.executable, "-m", "server", "web")),
        Instance("web.2", (sys.executable, "-m", "server", "web")),
        Instance("worker.1", ("nice", "a b")),
    ]


def test_the_projects_own() -> None:
    """The project's Procfile has both kinds."""
    assert [one.name for one in read_formation(PROCFILE, {"web": 1, "worker": 1})] == ["web.1", "worker.1"]


@pytest.mark.parametrize("text", ["web python", "worker: true", ": true", "web:"])
def test_what_cannot_be_read_is_refused(tmp_path: Path, text: str) -> None:
    """A line without kind or command, or a kind that is missing, is an error that names the file."""
    path = tmp_path / "Procfile"
    path.write_text(text + "\n")
    with pytest.raises(ProcfileError) as caught:
        read_formation(path, {"web": 1})
    assert str(path) in str(caught.value)


def test_a_missing_file(tmp_path: Path) -> None:
    """A Procfile that is not there is an error that names it."""
    with pytest.raises(ProcfileError, match="No such file"):
        read_formation(tmp_path / "Procfile", {"web": 1})
