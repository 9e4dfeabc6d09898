"""The token that continues a search."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.closing import CommandError, ErrorCode
from server.search.query import Keyset
from server.search.token import issue_token, read_token

SEARCH = "0d8b7c1e-5d1b-4a0e-9d6e-6f5b4c3a2b1a"


@given(position=st.integers(0, 10**10), vehicle=st.integers(1, 2**63 - 1))
def test_a_token_names_its_place(position: int, vehicle: int) -> None:
    """It reads back as what it was issued for, and fits the wire's 256 characters."""
    token = issue_token(SEARCH, Keyset(position, vehicle))
    assert read_token(SEARCH, token) == Keyset(position, vehicle)
    assert len(token) <= 256


@given(text=st.text(max_size=60))
def test_any_other_text_is_invalid(text: str) -> None:
    """Refused by the name of the field, whatever it is."""
    with pytest.raises(CommandError) as caught:
        read_token(SEARCH, text)
    assert (caught.value.code, caught.value.detail) == (ErrorCode.INVALID, {"field": "token"})


@pytest.mark.parametrize(
    "change", [lambda token: token + "=", lambda token: token[:-1], lambda token: "A" + token]
)
def test_a_changed_token_is_invalid(change: object) -> None:
    """One spelling only."""
    with pytest.raises(CommandError):
        read_token(SEARCH, change(issue_token(SEARCH, Keyset(5, 6))))  # type: ignore[operator]


def test_a_token_of_another_search_is_invalid() -> None:
    """It continues its own search only."""
    with pytest.raises(CommandError):
        read_token("another", issue_token(SEARCH, Keyset(5, 6)))
