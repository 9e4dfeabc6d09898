"""What is generated for other languages: current, complete, and refused when stale."""

import json
from pathlib import Path

import pytest

from protocol import schema
from protocol.closing import CloseCode
from protocol.codec import COMMAND_TAGS, MESSAGES_BY_TAG


def test_generated_files_are_current() -> None:
    """The committed TypeScript and AsyncAPI files are what the types of today generate."""
    for path, text in schema.generated().items():
        assert path.read_text() == text, f"{path.name} is stale: run python -m protocol.schema"


def test_check_refuses_a_stale_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """--check exits 1 and names the stale file without writing it; a plain run mends it."""
    stale = tmp_path / "wire.ts"
    stale.write_text("export type AnyCommand = never;\n")
    monkeypatch.setattr(schema, "ROOT", tmp_path)
    monkeypatch.setattr(schema, "TYPESCRIPT", stale)
    monkeypatch.setattr(schema, "ASYNCAPI", tmp_path / "docs" / "asyncapi.json")
    monkeypatch.setattr(schema, "OPENAPI", tmp_path / "docs" / "openapi.json")

    assert schema.main(["--check"]) == 1
    assert "wire.ts is stale" in capsys.readouterr().err
    assert stale.read_text() == "export type AnyCommand = never;\n"

    assert schema.main([]) == 0
    assert schema.main(["--check"]) == 0


def test_every_message_is_described() -> None:
    """Each command and message has its AsyncAPI message, and every reference leads somewhere."""
    document = json.loads(schema.generated()[schema.ASYNCAPI])
    assert set(document["components"]["messages"]) == COMMAND_TAGS | MESSAGES_BY_TAG.keys()

    text = json.dumps(document)
    for reference in {part.split('"')[0] for part in text.split('"$ref": "#/')[1:]}:
        found = document
        for step in reference.split("/"):
            found = found[step]
        assert found


def test_typescript_tells_absent_from_null() -> None:
    """A field that may be absent is optional, one that may be null is not, and basis points are numbers."""
    text = schema.typescript()
    changes = text.split("export interface StructureChanges {")[1].split("}")[0]
    structure = text.split("export interface Structure {")[1].split("}")[0]
    assert "cash_down_max_cents?: number | null;" in changes
    assert "cash_down_max_cents: number | null;" in structure
    assert "tax_rate_bp: number | null;" in structure
    assert "day_count: DayCount;" in structure


def test_typescript_tells_what_is_left_out() -> None:
    """A type that leaves its defaults out has optional fields."""
    text = schema.typescript()
    fix = text.split("export interface Fix {")[1].split("}")[0]
    assert "kind: FixKind;" in fix
    assert "cash_cents?: number | null;" in fix


def test_typescript_knows_which_close_codes_return() -> None:
    """The table that the browser reconnects by is the server's own."""
    line = next(line for line in schema.typescript().splitlines() if "CLOSE_CODES" in line)
    table = json.loads(line.split(" = ", 1)[1].removesuffix(" as const;"))
    assert {int(code): entry["reconnect"] for code, entry in table.items()} == {
        code.value: code.reconnect for code in CloseCode
    }
