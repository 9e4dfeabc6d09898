"""The base of the errors that a person at the terminal reads as one line."""

from typing import ClassVar, Final

FAILED: Final = 1
UNUSABLE_INPUT: Final = 2
"""The exit code for unusable input; one line on standard error says why."""


class UserError(Exception):
    """An error whose text says what happened and what to do next. ``exit_code`` is the command's."""

    exit_code: ClassVar[int] = FAILED
