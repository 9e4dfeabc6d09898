"""The base class of errors that are shown at the terminal as one line."""

from typing import ClassVar, Final

FAILED: Final = 1
UNUSABLE_INPUT: Final = 2
"""The exit code for unusable input; one line on standard error says why."""


class UserError(Exception):
    """An error whose text says what happened and what to do next. The command ends with ``exit_code``."""

    exit_code: ClassVar[int] = FAILED
