"""A test whose program is missing says so; where all tests must run, it fails."""

import pytest

from tests.cluster import needs


def test_the_first_program_that_is_there_is_taken() -> None:
    assert needs.binary("no-such-program", "sh").endswith("/sh")


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DEAL_TEST_ALL", raising=False)
    with pytest.raises(pytest.skip.Exception, match="no-such-a and no no-such-b"):
        needs.binary("no-such-a", "no-such-b")


def test_where_all_must_run_it_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEAL_TEST_ALL", "1")
    with pytest.raises(pytest.fail.Exception, match="no-such-a"):
        needs.binary("no-such-a")
