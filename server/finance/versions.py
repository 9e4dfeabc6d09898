"""The versions of the rules behind an answer. An offer names them, so that it can be reproduced."""

from typing import Final

from protocol.money.inputs import ENGINE

ENGINE_VERSION: Final = str(ENGINE)

WHOLE_MONTHS_ENGINE: Final = 4
"""The first version by whose rules a 30/360 period of whole months has 30 days for each, two payments without
a common period have the unit period of Appendix J, the payment is the least of equally valuable ones, and
fixes are looked for inside a band.
"""


def engine_number(version: str) -> int:
    """Return the number of an engine's version, as a pencil names it; that of this one if it has none."""
    return int(version) if version.isdecimal() else ENGINE
