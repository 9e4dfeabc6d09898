"""What a record of the log says: the ids of what it is about, and nothing of what exceptions quote."""

import ast
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import asyncpg
import msgspec
import pytest
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ResponseError

from protocol.closing import CommandError, ErrorCode
from protocol.codec import FieldError
from server.observe.faults import MOST_FAULTS, fault_of, faults_of
from tests.services import ROOT

SECRET = "Zyxquoq"

SCRIPT = f"""
import asyncio, gc, logging, threading, warnings
import structlog
from server.observe.attending import about, ids_of
from server.observe.logs import configure_logging

configure_logging("debug", "web")
log = structlog.get_logger("test")

class Cleaned:
    def __del__(self):
        raise ValueError("{SECRET} ignored")

async def fails():
    raise ValueError("{SECRET} never retrieved")

async def main():
    with about(connection_id="c1", search_id=None, **ids_of("deal:d1")):
        log.debug("painted", ms=3)
        try:
            raise KeyError("{SECRET} in our own")
        except KeyError as error:
            log.warning("failed", error=error)
            log.exception("failed again")
        inside = asyncio.create_task(fails(), name="a task")
        await asyncio.sleep(0)
    log.info("after")
    del inside
    gc.collect()
    asyncio.get_running_loop().call_soon(lambda _: 1 / 0, "{SECRET} as an argument")
    for level in (logging.DEBUG, logging.INFO):
        logging.getLogger("uvicorn.error").log(level, "< TEXT '{{}}' {SECRET}")
        logging.getLogger("some.library").log(level, "{SECRET}")
    try:
        raise ValueError("{SECRET} in a request")
    except ValueError:
        logging.getLogger("uvicorn.error").exception("Exception in ASGI application\\n{SECRET}")
    thread = threading.Thread(target=lambda: int("{SECRET}"), name="a thread")
    thread.start()
    thread.join()
    Cleaned()
    gc.collect()
    await asyncio.sleep(0)

asyncio.run(main())
raise ExceptionGroup("{SECRET} group", [ValueError("{SECRET}"), OSError(5, "Input/output error")])
"""


@pytest.fixture(scope="module")
def records() -> Sequence[dict[str, Any]]:
    """What a process of its own wrote, at the level debug."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert SECRET not in done.stderr, done.stderr
    return [json.loads(line) for line in done.stderr.splitlines()]


def named(records: Sequence[dict[str, Any]], event: str) -> dict[str, Any]:
    return next(record for record in records if record["event"] == event)


def test_every_line_is_a_record(records: Sequence[dict[str, Any]]) -> None:
    """Of exceptions that nobody caught, too; each names its process."""
    assert {record["process"] for record in records} == {"web"}
    assert [record["event"] for record in records] == [
        "painted",
        "failed",
        "failed again",
        "after",
        "Task exception was never retrieved",
        "Exception in ASGI application",
        "thread ended",
        "exception ignored",
        "Exception in callback main.",
        "process ends",
    ]


def test_records_carry_the_ids_of_their_context(records: Sequence[dict[str, Any]]) -> None:
    """Those that are known, for as long as they hold."""
    for event in ("painted", "failed", "failed again"):
        told = named(records, event)
        assert (told["deal"], told["connection_id"]) == ("d1", "c1")
        assert "search_id" not in told
    assert not {"deal", "connection_id"} & named(records, "after").keys()


def test_an_exception_is_its_kind_and_its_place(records: Sequence[dict[str, Any]]) -> None:
    """So that a developer finds it without its text."""
    assert named(records, "failed")["error"] == "KeyError"
    (told,) = named(records, "failed again")["exception"]
    assert told["fault"] == "KeyError"
    assert told["frames"][-1].startswith("__main__.main:")
    assert named(records, "thread ended")["exception"][0]["fault"] == "ValueError"
    group, first, second = named(records, "process ends")["exception"]
    faults = (group["fault"], first["fault"], second["fault"])
    assert faults == ("ExceptionGroup", "ValueError", "OSError: Input/output error")


def postgres(state: str, message: str, **fields: str) -> asyncpg.PostgresError:
    letters = {"C": state, "M": message, "D": f"Failing row contains ({SECRET}).", **fields}
    return asyncpg.PostgresError.new(letters)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (
            postgres("23505", f"duplicate {SECRET}", t="customers", n="customers_pkey"),
            "UniqueViolationError: 23505 customers customers_pkey",
        ),
        (postgres("22P02", f'invalid input "{SECRET}"'), "InvalidTextRepresentationError: 22P02"),
        (postgres("P0001", f"{SECRET} is locked"), "RaiseError: P0001"),
        (
            postgres("57014", "canceling statement due to statement timeout"),
            "QueryCanceledError: 57014 canceling statement due to statement timeout",
        ),
        (asyncpg.DataError(f"invalid input for query argument $1: '{SECRET}'"), "DataError: 22000"),
        (asyncpg.InterfaceError(f"cannot perform operation {SECRET}"), "InterfaceError"),
        (ConnectionRefusedError(111, "Connection refused"), "ConnectionRefusedError: Connection refused"),
        (FileNotFoundError(2, "No such file", f"/{SECRET}"), "FileNotFoundError: No such file"),
        (RedisConnectionError("Error 111 to cache:6379."), "ConnectionError: Error 111 to cache:6379."),
        (
            ResponseError(f"unknown command 'X', with args beginning with: '{SECRET}'"),
            "ResponseError: unknown command 'X'",
        ),
        (CommandError(ErrorCode.CONFLICT, f"{SECRET} holds it", field="op"), "CommandError: conflict op"),
        (FieldError("inputs.tier", f"Invalid enum value '{SECRET}'"), "FieldError: inputs.tier"),
        (msgspec.ValidationError(f"Invalid enum value '{SECRET}'"), "ValidationError"),
        (TimeoutError(), "TimeoutError"),
    ],
)  # fmt: skip
def test_only_texts_without_data_are_told(error: Exception, told: str) -> None:
    """Postgres quotes rows, decoders values, and our own errors what people typed."""
    assert fault_of(error) == told


def test_a_chain_is_told_once_and_in_part() -> None:
    """The cause follows its effect; a circle ends, and so does a long chain."""
    first, second = ValueError("one"), OSError(5, "two")
    first.__cause__, second.__context__ = second, first
    assert [each["fault"] for each in faults_of(first)] == ["ValueError", "OSError: two"]
    long: Exception = ValueError()
    for _ in range(3 * MOST_FAULTS):
        later = ValueError()
        later.__context__, long = long, later
    assert len(faults_of(long)) == MOST_FAULTS


METHODS = {"debug", "info", "warning", "error", "exception", "critical"}
TEXTS = {"repr", "str", "format"}


def records_in(tree: ast.AST) -> Iterator[ast.Call]:
    """Yield the calls that write a record."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in METHODS:
            owner = node.func.value
            name = owner.attr if isinstance(owner, ast.Attribute) else getattr(owner, "id", "")
            if name in {"log", "logger", "_log", "_logger"}:
                yield node


def test_no_record_makes_a_text_of_an_exception() -> None:
    """Exceptions are given as they are, and ``tell_faults`` decides what is told; events are constants."""
    found, seen = [], 0
    for path in sorted((ROOT / "server").rglob("*.py")):
        for call in records_in(ast.parse(path.read_text())):
            seen += 1
            texts = [
                each
                for value in (*call.args[1:], *(keyword.value for keyword in call.keywords))
                for each in ast.walk(value)
                if isinstance(each, ast.JoinedStr)
                or (isinstance(each, ast.Call) and getattr(each.func, "id", "") in TEXTS)
            ]
            # Each id has one name in all records.
            misnamed = {keyword.arg for keyword in call.keywords} & {"deal_id", "connection"}
            is_constant = not call.args or isinstance(call.args[0], ast.Constant | ast.Attribute)
            if texts or misnamed or not is_constant:
                found.append(f"{path.relative_to(ROOT)}:{call.lineno}")
    assert seen > 50
    assert not found
