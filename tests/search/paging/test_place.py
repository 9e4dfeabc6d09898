"""Where a search goes on, and the token that stands for it."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.closing import CommandError, ErrorCode
from server.search.paging.publishing.place import check_token, new_token, read_place, write_place
from server.search.sql.statement import Keyset

SEARCH = "0d8b7c1e-5d1b-4a0e-9d6e-6f5b4c3a2b1a"


@given(position=st.integers(0, 10**10), vehicle=st.integers(1, 2**63 - 1))
def test_a_place_reads_back(position: int, vehicle: int) -> None:
    """It reads back as what was written."""
    assert read_place(SEARCH, write_place(SEARCH, Keyset(position, vehicle))) == Keyset(position, vehicle)


@given(text=st.text(max_size=60))
def test_any_other_text_is_no_place(text: str) -> None:
    """Whatever it is."""
    with pytest.raises(ValueError):
        read_place(SEARCH, text)


@pytest.mark.parametrize("change", [lambda text: text + "=", lambda text: text[:-1], lambda text: "A" + text])
def test_a_place_has_one_spelling(change: Callable[[str], str]) -> None:
    """A changed one is none."""
    with pytest.raises(ValueError):
        read_place(SEARCH, change(write_place(SEARCH, Keyset(5, 6))))


def test_a_place_is_its_own_searchs() -> None:
    """Another search has no use for it."""
    with pytest.raises(ValueError):
        read_place("another", write_place(SEARCH, Keyset(5, 6)))


def test_a_token_says_nothing() -> None:
    """Each is a new one, whatever it stands for, and fits the wire's 256 characters."""
    tokens = {new_token() for _ in range(100)}
    assert len(tokens) == 100
    for token in tokens:
        check_token(token)
        assert len(token) <= 256


@given(text=st.text(max_size=60))
def test_what_is_no_token_is_invalid(text: str) -> None:
    """Refused by the name of the field."""
    with pytest.raises(CommandError) as caught:
        check_token(text)
    assert (caught.value.code, caught.value.detail) == (ErrorCode.INVALID, {"field": "token"})
