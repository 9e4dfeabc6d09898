"""A next release, made from this checkout: additions of every kind that a release may have.

It has a new command, a new optional field of a command, a new event that moves the version, a new field in an
event and in the snapshot, a new column of matches, a new term of a deal, a new filter, new fields in jobs.
"""
# ruff: noqa: E501 - a patch is a line as it stands in the file

import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

from tests.services import ROOT
from tools.installation import node_program

FLAG_COMMAND: Final = '''class Flag(ChangeCommand, tag="flag", frozen=True):
    """Flag the deal. Reply: ``{version}``."""

    right: ClassVar = Right.NOTE
    cost: ClassVar = Cost.LIGHT

    why: str


'''
FLAG_EVENT: Final = '''class DealFlagged(Event, tag="deal_flagged", frozen=True):
    """The deal was flagged."""

    version: int
    why: str | UnsetType = UNSET
    by: Actor | UnsetType = UNSET


'''
FLAG_HANDLER: Final = '''    @handles(commands.Flag)
    async def flag(self, connection: Connection, command: commands.Flag) -> None:
        """Flag the deal."""
        await self._answers.decide(connection, command, remarks.flag, command.why)

'''
FLAG_DECISION: Final = '''def with_mood(mood):
    return lambda scope, deal_id, text, **more: add_note(scope, deal_id, text, mood, **more)


async def flag(scope: RowScope, deal_id: str, why: str, *, op: uuid.UUID, actor: Actor) -> Decided:
    """Flag a deal."""
    async with deciding(scope, deal_id, op, actor, ("flag", why)) as deal:
        if deal.repeated is not None:
            return deal.again()
        deal.record(DealFlagged, why=why)
        return deal.decided()


'''
PATCHES: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    "protocol/commands/desk.py": (
        ("class Note(ChangeCommand", FLAG_COMMAND + "class Note(ChangeCommand"),
        ("pattern=LINES)]\n\n\nclass ChangeCustomer", "pattern=LINES)]\n    mood: str | None = None\n\n\nclass ChangeCustomer"),
    ),
    "protocol/commands/__init__.py": (
        ("    Note,\n", "    Note,\n    Flag,\n"),
        ("    | Note\n", "    | Note\n    | Flag\n"),
    ),
    "protocol/events/desk.py": (
        ("class NoteAdded(", FLAG_EVENT + "class NoteAdded("),
        ("    text: str | UnsetType = UNSET\n", "    text: str | UnsetType = UNSET\n    mood: str | UnsetType | None = UNSET\n"),
    ),
    "protocol/events/__init__.py": (
        ("    NoteAdded,\n", "    NoteAdded,\n    DealFlagged,\n"),
        ("    | NoteAdded\n", "    | NoteAdded\n    | DealFlagged\n"),
    ),
    "protocol/events/search.py": (('"days_supply", "floorplan_cents",\n', '"days_supply", "floorplan_cents", "paint",\n'),),
    "protocol/deal/deal_parts.py": (
        ("    id: str\n    text: str\n", "    id: str\n    text: str\n    mood: str | None = None\n"),
    ),
    "protocol/deal/structure.py": (
        ("    trades: TradeList", "    promo: str | None = None\n    trades: TradeList"),
        ("class StructureChanges(Record, frozen=True):\n    \"\"\"A partial ``Structure``: a field that is ``UNSET`` stays as it was.\"\"\"\n",
         "class StructureChanges(Record, frozen=True):\n    \"\"\"A partial ``Structure``: a field that is ``UNSET`` stays as it was.\"\"\"\n\n    promo: str | UnsetType | None = UNSET\n"),
    ),
    "protocol/records.py": (
        ("    makes: Annotated[", "    paint: str | None = None\n    makes: Annotated["),
    ),
    "protocol/jobs.py": (
        ("    enqueued_at: dt.datetime\n", "    enqueued_at: dt.datetime\n    hint: str = \"next\"\n"),
        ("    lease_of: list[int] = []\n", "    lease_of: list[int] = []\n    hint: str = \"next\"\n"),
    ),
    "protocol/deal_fold.py": (
        ("text=event.text, by=event.by", "text=event.text, mood=event.mood or None, by=event.by"),
    ),
    "server/database/decisions/edits/locks_and_notes.py": (
        ("FieldUnlocked, NoteAdded", "DealFlagged, FieldUnlocked, NoteAdded"),
        ("async def add_note(", FLAG_DECISION + "async def add_note("),
        ("deal_id: str, text: str, *, op", "deal_id: str, text: str, mood: str | None, *, op"),
        ("id=note_id, text=text)", "id=note_id, text=text, mood=mood)"),
    ),
    "server/database/deals/deal_parts.py": (
        ("'text', n.body->>'text', 'by'", "'text', n.body->>'text', 'mood', n.body->>'mood', 'by'"),
    ),
    "server/hub/commands/desk_handlers.py": (
        ("    @handles(commands.Note)\n", FLAG_HANDLER + "    @handles(commands.Note)\n"),
        ("remarks.add_note, command.text)", "remarks.with_mood(command.mood), command.text)"),
    ),
    "server/hub/sight/visible.py": (
        ('"note_added": ("id", "text", "by"),', '"note_added": ("id", "text", "mood", "by"),\n        "deal_flagged": ("version", "why", "by"),'),
        ('        "field_locked": ("version",),', '        "deal_flagged": ("version",),\n        "field_locked": ("version",),'),
        ('_CAR: Final = ("vehicle_id",', '_CAR: Final = ("vehicle_id", "paint",'),
    ),
    "server/search/sql/shown.py": (
        ('    return {\n        "cost_cents"', '    return {\n        "paint": ["red"] * len(rows["make"]),\n        "cost_cents"'),
    ),
}  # fmt: skip


PAGE_PATCHES: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    "src/screen/desk/activity/note-input.tsx": (
        (
            '{ type: "note", text }',
            '(text[0] === "!" ? { type: "flag", why: text } : { type: "note", text }) as never',
        ),
    ),
}
"""The page of the next release flags a deal by a note that begins with an exclamation mark."""


def make_next_release(folder: Path) -> Path:
    """Write the next release into ``folder``; return it. Raises AssertionError if a place is no longer there."""
    for part in ("server", "protocol", "client"):
        left_out = shutil.ignore_patterns("__pycache__", "node_modules", "src", "test")
        shutil.copytree(ROOT / part, folder / part, ignore=left_out)
    _patch(folder, PATCHES)
    page = folder / "client" / "web" / "dist" / "app.js"
    if page.exists():
        page.write_text(page.read_text() + "\n// the next release\n")
    return folder


def build_next_page(folder: Path) -> None:
    """Build the page of the next release in ``folder``, from this checkout's sources with its additions."""
    ours, theirs = ROOT / "client" / "web", folder / "client" / "web"
    shutil.copytree(ours / "src", theirs / "src")
    (theirs / "node_modules").symlink_to(ours / "node_modules")
    _patch(theirs, PAGE_PATCHES)
    npm = node_program()
    path = os.pathsep.join([str(npm.parent), os.environ.get("PATH", "")])
    subprocess.run(
        [npm, "run", "--silent", "build"],
        check=True,
        cwd=theirs,
        env=os.environ | {"PATH": path},
        capture_output=True,
    )


def _patch(folder: Path, files: dict[str, tuple[tuple[str, str], ...]]) -> None:
    for name, patches in files.items():
        path = folder / name
        text = path.read_text()
        for old, new in patches:
            assert old in text, f"{name} has no {old!r}"
            text = text.replace(old, new, 1)
        path.write_text(text)
