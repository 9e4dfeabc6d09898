"""What a subject said: its checks, with their severities."""

from collections.abc import Sequence

from server.doctor.verdicts import CHECKS, Severity, Verdict

FAULT, WARNING, NOTE = Severity.FAULT, Severity.WARNING, Severity.NOTE
Said = list[tuple[str, Severity]]


def said(verdicts: Sequence[Verdict]) -> Said:
    """Return the checks with their severities; every text must say something."""
    for verdict in verdicts:
        assert verdict.check in CHECKS
        assert verdict.says
        assert verdict.remedy
    return [(verdict.check, verdict.severity) for verdict in verdicts]
