"""What text may hold: nothing that is not seen and changes what is read."""

import json
import re
import unicodedata
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol import codec
from protocol.texts import EXPECTED, LINES, ONE_LINE, spelt_out, without_unseen

BIDI = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
WIDTHLESS = "\u180e\u200b\u2060\u2064\ufeff\u2028\u2029\ufff9"
SEEN = ("Añejo, 中文 and עברית", "👩\u200d🔧 at the desk", "می\u200cخواهم", "5 × 3 – “fine”")


def note(text: str) -> str:
    """Return a note as a client sends it."""
    return json.dumps({"type": "note", "ref": 1, "channel": "deal:x", "op": str(uuid.uuid4()), "text": text})


@pytest.mark.parametrize("character", [*BIDI, *WIDTHLESS, "\x1b", "\x85"])
def test_a_note_holds_nothing_unseen(character: str) -> None:
    """It is refused in words, by the name of its field."""
    with pytest.raises(codec.InvalidMessage) as caught:
        codec.decode_command(note(f"pay {character}001$ now"))
    assert (caught.value.field, caught.value.expected) == ("text", EXPECTED)
    assert not re.search(ONE_LINE, f"a{character}b")


@pytest.mark.parametrize("text", SEEN)
def test_people_write_in_any_script(text: str) -> None:
    """Right-to-left letters, accents and joined emoji are text, and stay as they are."""
    assert codec.decode_command(note(text)).text == text  # type: ignore[union-attr]
    assert re.search(ONE_LINE, text)
    assert without_unseen(text) == spelt_out(text) == text


@given(st.text())
def test_what_is_cleaned_may_be_written(text: str) -> None:
    """Cleaning leaves what may be on one line, and every character that is seen."""
    cleaned = without_unseen(text)
    assert re.search(ONE_LINE, cleaned)
    assert re.search(LINES, cleaned)
    gone = set(text) - set(cleaned)
    assert {unicodedata.category(character) for character in gone} <= {"Cc", "Cf", "Zl", "Zp", "Cn"}


@given(st.text(alphabet=st.one_of(st.characters(codec="utf-8"), st.sampled_from(BIDI))))
def test_json_that_is_spelt_out_says_the_same(text: str) -> None:
    """Nothing unseen is left in it, and nothing is lost."""
    written = spelt_out(codec.encode({"text": text}).decode())
    assert codec.decode(written) == {"text": text}
    assert not set(written) & set(BIDI)
