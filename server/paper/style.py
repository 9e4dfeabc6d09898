"""How paper looks: its font and its sizes."""

from functools import cache
from io import BytesIO
from typing import Final

import pymupdf_fonts
from reportlab.lib.colors import Color, HexColor
from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.styles import ParagraphStyle
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

from protocol.texts import without_unseen

REGULAR: Final = "Paper"
BOLD: Final = "Paper-Bold"
INK: Final = HexColor("#111111")
QUIET: Final = HexColor("#555555")
RULE: Final = HexColor("#bbbbbb")
CHOSEN: Final = HexColor("#eeeeee")
"""The ground of what the paper offers, among other choices."""

MISSING: Final = "?"
"""Stands for a character that the font lacks."""


@cache
def _fonts() -> frozenset[int]:
    """Register the fonts; return the code points that both have."""
    fonts = [
        TTFont(REGULAR, BytesIO(pymupdf_fonts.myfont("notos"))),
        TTFont(BOLD, BytesIO(pymupdf_fonts.myfont("notosbo"))),
    ]
    for font in fonts:
        pdfmetrics.registerFont(font)
    pdfmetrics.registerFontFamily(REGULAR, normal=REGULAR, bold=BOLD, italic=REGULAR, boldItalic=BOLD)
    return frozenset.intersection(*(frozenset(font.face.charToGlyph) for font in fonts))


def printable(text: str) -> str:
    """Return ``text`` as markup of a paragraph: escaped, and only with characters that can be printed."""
    known = _fonts()
    seen = "".join(each if ord(each) in known else MISSING for each in without_unseen(text))
    return seen.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def style(
    size: float, *, bold: bool = False, color: Color = INK, right: bool = False, above: float = 0
) -> ParagraphStyle:
    """Return the style of a paragraph. Sizes are in points."""
    _fonts()
    return ParagraphStyle(
        f"{size}-{bold}-{right}",
        fontName=BOLD if bold else REGULAR,
        fontSize=size,
        leading=size * 1.35,
        textColor=color,
        alignment=TA_RIGHT if right else 0,
        spaceBefore=above,
    )
