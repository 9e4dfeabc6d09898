"""``calibrate`` asks before a model comes into force."""

import datetime as dt

import pytest

from tests.history.test_calibrate import DAY, Desk

pytestmark = pytest.mark.flow


def test_it_asks(desk: Desk) -> None:
    """Only a yes puts the model into force; no answer is none. A later model still takes over on its day."""
    desk.store("later", DAY + dt.timedelta(days=30))
    span = "2022-02-01 until later takes over on 2022-03-03"
    for said, version in (("n\n", "half"), ("", "half"), ("y\n", "history-2022-01-15")):
        run = desk.run("--most-change", "100000", said=said)
        assert f"Put history-2022-01-15 into force from {span}?" in run.stdout
        assert desk.in_force().version == version
        assert run.returncode == (0 if version != "half" else 1)
    assert run.stdout.rstrip().endswith(f"in force from {span}")
