"""Transactions that others wait for, and those that are open for too long."""

import re
from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from server.doctor.verdicts import Severity, Verdict

HELD_FAULT_MS: Final = 500.0
"""A decision that waits this long is felt. The wait for a moment behind another decision is normal."""

IDLE_SECONDS: Final = 10.0
LONG_SECONDS: Final = 300.0
SHOWN_CHARACTERS: Final = 90

_LITERAL: Final = re.compile(r"E?'(?:[^']|'')*'|\$\w*\$.*?\$\w*\$|\b\d[\w.]*", re.DOTALL)
_PARAMETER: Final = re.compile(r"\$\d+")


class OpenTransaction(Struct, frozen=True, kw_only=True):
    """A session with an open transaction. ``statement`` is its last one, without any value in it.

    ``state`` is empty if our role may not look into the session. ``waits_ms`` is how long it has been
    waiting for a lock, and ``blocked_by`` whom for.
    """

    pid: int
    program: str
    user: str
    address: str
    state: str
    open_seconds: float
    state_seconds: float
    statement: str
    waits_ms: float = 0.0
    waits_for: str = ""
    blocked_by: tuple[int, ...] = ()


def without_values(statement: str) -> str:
    """Return the start of a statement with its literals blanked: they may be personal data, or money."""
    kept = _PARAMETER.sub(lambda found: f"\0{found[0][1:]}\0", statement)
    blank = _LITERAL.sub("?", re.sub(r"\0\d+\0", "?", kept))
    text = " ".join(blank.split())
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}…"


def judge_locks(sessions: Sequence[OpenTransaction]) -> list[Verdict]:
    """Return who holds up others, the roots of the waiting only, and whose transaction is open for long."""
    by_pid = {session.pid: session for session in sessions}
    waiting: dict[int, list[OpenTransaction]] = {}
    for session in sessions:
        for root in _roots(session, by_pid):
            waiting.setdefault(root, []).append(session)
    found = [
        verdict
        for pid, behind in waiting.items()
        if (verdict := _held(pid, by_pid.get(pid), behind)) is not None
    ]
    held = {pid for pid, behind in waiting.items() if behind}
    found += [
        verdict for session in sessions if session.pid not in held and (verdict := _long(session)) is not None
    ]
    return found


def _roots(session: OpenTransaction, by_pid: dict[int, OpenTransaction]) -> set[int]:
    """Return whom a session waits for in the end: those who do not wait themselves."""
    roots: set[int] = set()
    seen = {session.pid}
    ahead = list(session.blocked_by)
    while ahead:
        pid = ahead.pop()
        if pid in seen:
            continue
        seen.add(pid)
        holder = by_pid.get(pid)
        if holder is not None and holder.blocked_by:
            ahead += holder.blocked_by
        else:
            roots.add(pid)
    return roots


def _held(pid: int, holder: OpenTransaction | None, behind: Sequence[OpenTransaction]) -> Verdict | None:
    longest = max(behind, key=lambda each: each.waits_ms)
    if longest.waits_ms < HELD_FAULT_MS:
        return None
    one = len(behind) == 1
    waits = (
        f"{len(behind)} session{'' if one else 's'} wait{'s' if one else ''} for it, the longest (pid"
        f" {longest.pid}, {longest.statement or 'unseen'}) for {longest.waits_ms / 1000:.1f} s"
        f"{f' on {longest.waits_for}' if longest.waits_for else ''}"
    )
    return Verdict(
        check="locks.held",
        severity=Severity.FAULT,
        about=f"pid {pid}",
        says=f"{_named(pid, holder)} holds a lock: {waits}",
        remedy=f"If nobody is at work in it, end it: `SELECT pg_terminate_backend({pid})`.",
        wait_ms=longest.waits_ms,
    )


def _long(session: OpenTransaction) -> Verdict | None:
    idle = session.state.startswith("idle in transaction")
    if idle and session.state_seconds >= IDLE_SECONDS:
        return Verdict(
            check="locks.idle",
            severity=Severity.WARNING,
            about=f"pid {session.pid}",
            says=f"{_named(session.pid, session)} does nothing for {session.state_seconds:.0f} s: its locks"
            " stay, and vacuum removes nothing",
            remedy=f"Find out who left it open; `SELECT pg_terminate_backend({session.pid})` ends it.",
        )
    if not session.blocked_by and session.open_seconds >= LONG_SECONDS:
        return Verdict(
            check="locks.long",
            severity=Severity.WARNING,
            about=f"pid {session.pid}",
            says=f"{_named(session.pid, session)} is at work for {session.open_seconds:.0f} s",
            remedy="An import or a backup may take that long; vacuum removes nothing meanwhile.",
        )
    return None


def _named(pid: int, session: OpenTransaction | None) -> str:
    if session is None:
        return f"a transaction of pid {pid}, which this role may not see,"
    if not session.state:
        return f"a transaction of pid {pid} ({session.user}), which this role may not look into,"
    whose = session.program or "a program without a name"
    at = f" at {session.address}" if session.address else ""
    return (
        f"a transaction of {whose} (pid {pid}, {session.user}{at}), open for {session.open_seconds:.1f} s,"
        f" {session.state}, last statement {session.statement or 'unseen'},"
    )
