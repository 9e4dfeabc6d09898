"""The codec: what goes out comes back equal, and what does not fit is refused with the field at fault."""

import datetime as dt
import json
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol import codec
from protocol.codec import FieldError, InvalidMessage, ProtocolError
from protocol.commands import COMMAND_TYPES, Command, tag_of
from protocol.deal.structure import Structure, StructureChanges
from protocol.events import MESSAGE_TYPES, Message, Notice, Resync, SnapshotRows
from protocol.records import Filters
from tests.protocol.strategies import plain_json, values_of
from tests.work import work_of

MOST_CALLS = 2_000
"""Of reading one command, a refusal with its words included."""
EXAMPLES_PER_TYPE = 30
"""Of some ninety types, which are made of the same parts: a part is drawn in many of them."""

OP = "6f1f1d0e-0000-4000-8000-000000000000"
CHANNEL = {"channel": "deal:7"}
LIST = {"channel": "deals:riverside"}
FIGURES: dict[str, Any] = {
    "kind": "finance",
    "vehicle_id": "7",
    "payment_cents": 41_250,
    "term_months": 60,
    "cash_down_cents": 200_000,
    "rate_bp": 712.5,
    "lender": "First Sample Bank",
    "total_cents": 2_475_000,
}
DECISION: dict[str, Any] = {**CHANNEL, "op": OP, "version": 3}
EXAMPLES: dict[str, dict[str, Any]] = {
    "join": {**CHANNEL, "view": "sales", "since": {"epoch": "e1", "seq": 4}, "rows": False},
    "leave": CHANNEL,
    "look_up": {**LIST, "text": "moore"},
    "list_deals": {**LIST, "after": "2026", "limit": 50},
    "list_people": LIST,
    "begin_deal": {**LIST, "op": OP, "customer_id": "c1", "customer": None},
    "security_events": {
        **LIST,
        "kind": "exported",
        "who": "ann",
        "since": "2026-01-31",
        "after": "7",
        "limit": 50,
    },
    "search": {**CHANNEL, "op": OP, "filters": {"makes": ["Ford"]}, "sort": "-year", "limit": 50},
    "more": {**CHANNEL, "op": OP, "search_id": "s1", "token": "t1"},
    "cancel": {**CHANNEL, "op": OP, "search_id": "s1"},
    "terms": {**CHANNEL, "op": OP, "version": 3, "changes": {"fees_cents": 9900}},
    "quote": {
        **CHANNEL,
        "vehicle_id": "7",
        "changes": {"fees_cents": 9900},
        "programme_id": "p1",
        "terms_months": [60, 72],
        "cash_down_cents": [0, 100_000],
        "roll": {"vary": "cash_down", "payment_cents": 40_000},
    },
    "frontier": {**CHANNEL, "vehicle_id": "7"},
    "products": CHANNEL,
    "find": {**CHANNEL, "text": "2023 lexus U0003553", "limit": 20},
    "select": {**CHANNEL, "op": OP, "vehicle_id": "7", "changes": {"term_months": 60}, "programme_id": "p1"},
    "pin": {**CHANNEL, "op": OP, "vehicle_id": "7", "changes": {"term_months": 60}, "programme_id": "p1"},
    "unpin": {**CHANNEL, "op": OP, "vehicle_id": "7", "changes": {}},
    "hold": {**CHANNEL, "op": OP, "vehicle_id": "7"},
    "release": {**CHANNEL, "op": OP, "vehicle_id": "7"},
    "submit": {**DECISION, "reason": "customer_agrees", "figures": FIGURES},
    "accept": {**DECISION, "reason": "customer_agrees", "figures": FIGURES},
    "counter": {
        **DECISION,
        "reason": "gross_too_low",
        "changes": {"cash_down_cents": 100_000},
        "programme_id": "p1",
        "figures": FIGURES,
    },
    "approve": {**DECISION, "reason": "meets_policy", "figures": FIGURES},
    "decline": {**DECISION, "reason": "bankruptcy", "more_reasons": ["repossession"]},
    "reopen": {**DECISION, "reason": "customer_returned"},
    "sign": {**DECISION, "reason": "customer_accepts", "figures": FIGURES},
    "lose": {**DECISION, "reason": "unresponsive"},
    "deliver": {**DECISION, "reason": "car_handed_over"},
    "fund": {**DECISION, "reason": "lender_paid"},
    "unwind": {**DECISION, "reason": "funding_refused"},
    "lock": {**CHANNEL, "op": OP, "field": "rate_bp"},
    "unlock": {**CHANNEL, "op": OP, "field": "rate_bp"},
    "note": {**CHANNEL, "op": OP, "text": "Wants the blue one."},
    "focus": {**CHANNEL, "field": "cash_down_cents"},
    "revalue": {**CHANNEL, "op": OP, "vehicle_id": ["7"]},
    "painted": {**CHANNEL, "search_id": "s1", "stage": "first_matches", "ms": 12.5},
    "lender_decision": {
        **CHANNEL,
        "op": OP,
        "version": 3,
        "lender": "First Sample Bank",
        "status": "conditional",
        "tier": "prime",
        "rate_bp": 712.5,
        "advance_max_cents": 3_000_000,
        "term_months": 72,
        "stipulations": ["Proof of income"],
        "expires_at": "2026-12-24T00:00:00Z",
        "reasons": [],
    },
    "clear_stipulation": {**CHANNEL, "op": OP, "stipulation_id": "x1"},
    "history": {**CHANNEL, "before": 51, "limit": 50},
    "lender_effect": {
        **CHANNEL,
        "lender": "First Sample Bank",
        "status": "approved",
        "tier": "prime",
        "rate_bp": 712.5,
        "advance_max_cents": 3_000_000,
        "term_months": 72,
    },
    "finish_task": {**CHANNEL, "op": OP, "task_id": "t1"},
    "assign": {**CHANNEL, "op": OP, "version": 3, "salesperson_id": "u1"},
    "customer": {**CHANNEL, "op": OP, "version": 1, "changes": {"phone": "937 555 0133"}},
    "request_appraisal": {**CHANNEL, "op": OP, "trade_id": "trade-1"},
    "present": {
        **CHANNEL,
        "op": OP,
        "vehicle_ids": ["7", "9"],
        "cash_down_cents": [200_000, 300_000],
        "terms_months": [60, 72],
        "kinds": ["finance", "lease"],
    },
    "share": {**CHANNEL, "op": OP, "hours": 48},
    "unshare": {**CHANNEL, "op": OP, "link_id": "l1"},
    "presentation": CHANNEL,
    "like": {
        **CHANNEL,
        "op": OP,
        "vehicle_id": "7",
        "kind": "finance",
        "term_months": 60,
        "cash_down_cents": 200_000,
        "figures": {
            "total_cents": 2_475_000,
            "payment_cents": 41_250,
            "apr_percent": 7.1234,
            "amount_financed_cents": 2_100_000,
            "finance_charge_cents": 375_000,
        },
    },
    "scenario_add": {
        **CHANNEL,
        "op": OP,
        "name": "Sixty months",
        "source": "s1",
        "changes": {"terms_months": [60]},
        "vehicle_id": "7",
    },
    "scenario_change": {
        **CHANNEL,
        "op": OP,
        "scenario_id": "s1",
        "version": 2,
        "name": "Sixty months",
        "changes": {"cash_down_cents": 300_000},
        "vehicle_id": None,
    },
    "scenario_remove": {**CHANNEL, "op": OP, "scenario_id": "s1"},
    "scenario_use": {**CHANNEL, "op": OP, "scenario_id": "s1", "version": 2},
    "ping": {},
}
OPTIONAL = {
    *("since", "rows", "filters", "sort", "limit"),
    *("programme_id", "terms_months", "cash_down_cents", "roll"),
    *("more_reasons", "tier", "rate_bp", "advance_max_cents", "term_months", "stipulations", "expires_at"),
    *("reasons", ("focus", "field"), "figures", "before", ("lender_effect", "status")),
    *("after", "customer_id", "customer", ("security_events", "kind"), "who", ("security_events", "since")),
    *(("present", "vehicle_ids"), ("present", "kinds"), ("share", "hours")),
    *(
        (tag, name)
        for tag in ("scenario_add", "scenario_change")
        for name in ("name", "changes", "vehicle_id")
    ),
    ("scenario_add", "source"),
    *((tag, "changes") for tag in ("quote", "select", "pin", "unpin", "counter")),
}
REQUIRED = [
    (tag, field)
    for tag, example in EXAMPLES.items()
    for field in example
    if not {field, (tag, field)} & OPTIONAL
]
WRONG = [
    ("join", "channel", "deal:"),
    ("join", "channel", "store:1"),
    ("join", "channel", "deal:1\n"),
    ("join", "channel", "deal:" + "x" * 80),
    ("join", "view", "owner"),
    ("join", "since.seq", -1),
    ("join", "since.epoch", 4),
    ("join", "rows", None),
    ("search", "op", "not-a-uuid"),
    ("search", "filters", None),
    ("search", "filters.makes", ["x"] * 51),
    ("search", "filters.text", "nul\x00"),
    ("search", "filters.text", "two\nlines"),
    ("search", "filters.text", "one\n"),
    ("search", "filters.year_min", 1066),
    ("search", "sort", "npv"),
    ("search", "limit", 0),
    ("search", "limit", 20_001),
    ("search", "limit", 1.5),
    ("more", "token", ""),
    ("cancel", "search_id", 4),
    ("terms", "version", "3"),
    ("terms", "changes.fees_cents", -1),
    ("terms", "changes.fees_cents", 10.5),
    ("terms", "changes.fees_cents", None),
    ("terms", "changes.rate_bp", "887.5"),
    ("terms", "changes.rate_bp", True),
    ("terms", "changes.rate_bp", 887.555),
    ("terms", "changes.rate_bp", 10_000.01),
    ("terms", "changes.terms_months", []),
    ("terms", "changes.contract_date", "2026-02-30"),
    ("terms", "changes.day_count", "30/365"),
    ("submit", "figures.total_cents", None),
    ("submit", "figures.kind", "barter"),
    ("approve", "figures.payment_cents", -1),
    ("history", "before", 0),
    ("history", "limit", 201),
    ("quote", "vehicle_id", 7),
    ("quote", "changes.fees_cents", -1),
    ("quote", "terms_months", [60] * 13),
    ("quote", "cash_down_cents", [0] * 13),
    ("quote", "roll.vary", "tax"),
    ("quote", "roll.payment_cents", 0),
    ("frontier", "vehicle_id", ""),
    ("find", "text", ""),
    ("find", "text", "x" * 101),
    ("find", "limit", 51),
    ("present", "vehicle_ids", ["1", "2", "3", "4"]),
    ("present", "kinds[0]", ["barter"]),
    ("share", "hours", 0),
    ("share", "hours", 169),
    ("like", "figures.payment_cents", -1),
    ("like", "figures.npv_cents", 1),
    ("note", "text", "x" * 2001),
    ("note", "text", "\x1b[31m"),
    ("note", "text", "\r"),
    ("note", "text", "\x7f"),
    ("note", "text", "\x9b"),
]


def message(tag: str, **fields: Any) -> dict[str, Any]:
    """Return the example of command ``tag`` as plain JSON, with ``fields`` (dotted names) put in."""
    result = json.loads(json.dumps({"type": tag, "ref": 5, **EXAMPLES[tag]}))
    for path, value in fields.items():
        *parents, last = path.split(".")
        place = result
        for parent in parents:
            place = place[parent]
        place[last] = value
    return result


def refusal(raw: Any) -> InvalidMessage:
    """Return how the command ``raw`` is refused."""
    with pytest.raises(InvalidMessage) as caught:
        codec.decode_command(json.dumps(raw))
    return caught.value


def test_every_command_has_an_example() -> None:
    """The tests below speak of all commands that there are."""
    assert {tag_of(command) for command in COMMAND_TYPES} == set(EXAMPLES)
    for tag in EXAMPLES:
        assert tag_of(type(codec.decode_command(json.dumps(message(tag))))) == tag


@pytest.mark.parametrize("kind", COMMAND_TYPES, ids=tag_of)
@settings(max_examples=EXAMPLES_PER_TYPE)
@given(data=st.data())
def test_a_command_comes_back_equal_for_bounded_work(kind: type[Command], data: st.DataObject) -> None:
    """Any command, encoded and decoded, is the same command; its line holds no line break. Whatever decodes,
    and whatever does not because a field is wrong, takes a bounded number of calls.
    """
    command = data.draw(values_of(kind))
    line = codec.encode(command)
    assert b"\n" not in line
    assert codec.decode_command(line) == command
    assert codec.decode_command(line.decode()) == command
    work_of(lambda: codec.decode_command(line), MOST_CALLS)

    def refused() -> None:
        with pytest.raises((InvalidMessage, ProtocolError)):
            codec.decode_command(line[:-1] + b',"unknown":[[[[1]]]]}')

    work_of(refused, MOST_CALLS)


@pytest.mark.parametrize("kind", MESSAGE_TYPES, ids=lambda kind: kind.__name__)
@settings(max_examples=EXAMPLES_PER_TYPE)
@given(data=st.data())
def test_a_message_comes_back_equal(kind: type[Message], data: st.DataObject) -> None:
    """Any message of the server, encoded and decoded, is the same message."""
    sent = data.draw(values_of(kind))
    assert list(codec.decode_messages(codec.encode(sent))) == [sent]


@given(sent=st.lists(st.one_of(*map(values_of, MESSAGE_TYPES)), max_size=4), text=st.booleans())
def test_a_frame_holds_messages_in_order(sent: list[Message], text: bool) -> None:
    """Messages joined to a frame come out one by one, in order, from text as from bytes."""
    frame = codec.join_frame(map(codec.encode, sent))
    assert list(codec.decode_messages(frame.decode() if text else frame)) == sent


def test_empty_lines_of_a_frame_are_no_messages() -> None:
    """A trailing or doubled line break means nothing."""
    resync = codec.encode(Resync(channel="deal:1"))
    assert codec.split_frame(b"\n" + resync + b"\r\n\n" + resync + b"\n") == [resync + b"\r", resync]


@given(text=st.text(st.characters(codec="utf-8"), max_size=20))
def test_line_breaks_inside_text_do_not_split_a_frame(text: str) -> None:
    """Text with any line separator that Unicode knows stays within its message."""
    sent = Notice(code="stale", message=f"{text}\n\u2028\x85\r")
    assert list(codec.decode_messages(codec.encode(sent).decode())) == [sent]


@pytest.mark.parametrize(("tag", "field"), REQUIRED)
def test_a_missing_field_is_named(tag: str, field: str) -> None:
    """A command without a field that it needs is refused with that field's name and the command's ref."""
    raw = message(tag)
    del raw[field]
    refused = refusal(raw)
    assert (refused.ref, refused.field, refused.expected) == (5, field, "Expected this field")


@pytest.mark.parametrize("tag", EXAMPLES)
@pytest.mark.parametrize("name", ["colour", "a`b", "x.y"])
def test_an_unknown_field_is_named(tag: str, name: str) -> None:
    """A field that the command does not have is refused by its name, whatever the name is."""
    refused = refusal({**message(tag), name: 1})
    assert (refused.field, refused.expected) == (name, "Unknown field")


def test_an_unknown_field_inside_is_named_with_its_path() -> None:
    """The path of a field leads through the objects that hold it."""
    assert refusal(message("terms", **{"changes.colour": 1})).field == "changes.colour"
    assert refusal(message("search", **{"filters.colour": 1})).field == "filters.colour"


@pytest.mark.parametrize(("tag", "field", "value"), WRONG)
def test_a_wrong_value_is_named(tag: str, field: str, value: Any) -> None:
    """A value of the wrong type, out of range or too precise is refused with its field."""
    refused = refusal(message(tag, **{field: value}))
    assert (refused.ref, refused.field) == (5, field)
    assert str(refused) == f"{field}: {refused.expected}"
    assert refused.expected


def test_a_wrong_item_is_named_by_its_place() -> None:
    """An item of a list is named by its index."""
    assert refusal(message("terms", **{"changes.terms_months": [36, 0]})).field == "changes.terms_months[1]"
    assert refusal(message("search", **{"filters.makes": ["Ford", ""]})).field == "filters.makes[1]"


@pytest.mark.parametrize("tag", ["fly", "", None, 5, ["ping"], {"type": "ping"}, "welcome", "matches"])
def test_an_unknown_type_is_refused_by_name(tag: Any) -> None:
    """A type that is no command, a server's own included, is answered with the commands there are."""
    refused = refusal({"type": tag, "ref": 9})
    assert (refused.ref, refused.field) == (9, "type")
    assert "terms" in refused.expected


def test_the_largest_ref_is_exact_and_a_larger_one_is_refused_by_name() -> None:
    """Refs reach as far as a browser counts exactly."""
    assert codec.decode_command(b'{"type":"ping","ref":9007199254740991}').ref == 2**53 - 1
    assert refusal({"type": "ping", "ref": 2**53}).field == "ref"


@pytest.mark.parametrize("ref", ["1", 1.0, True, None, -1, [1], {}, 10**30])
def test_a_command_without_an_integer_ref_cannot_be_answered(ref: Any) -> None:
    """Nothing to reply to: a protocol error, not a refusal."""
    with pytest.raises(ProtocolError):
        codec.decode_command(json.dumps({"type": "ping", "ref": ref}))
    with pytest.raises(ProtocolError):
        codec.decode_command(b'{"type":"ping"}')


@pytest.mark.parametrize(
    "frame",
    [b"", b"{", b"[]", b"null", b'"x"', b"7", b"[" * 60_000, b'{"type":"ping","ref":1}x', b'{"ref":NaN}',
     b"\xff",
     b'{"type":"leave","ref":1,"channel":"deal:\xff"}', '{"type":"ping","ref":1,"x":"\ud800"}',
     b'{"type":"leave","ref":1,"channel":"\\ud800"}', b'{"ref":' + b"[" * 60_000],
)  # fmt: skip
def test_what_is_no_json_object_is_a_protocol_error(frame: bytes | str) -> None:
    """Bytes that are not one JSON object in UTF-8 are a protocol error, however they are broken."""
    with pytest.raises(ProtocolError):
        codec.decode_command(frame)


@pytest.mark.parametrize("depth", [100, 900, 1_000, 30_000])
def test_nesting_too_deep_is_refused_without_harm(depth: int) -> None:
    """No depth of nesting gets past the codec, nor raises anything else."""
    nested = b'{"x":' + b"[" * depth + b"]" * depth + b',"ref":1,"type":"ping"}'
    with pytest.raises((ProtocolError, InvalidMessage)):
        codec.decode_command(nested)


@given(raw=plain_json | st.fixed_dictionaries({"type": st.sampled_from(list(EXAMPLES)), "ref": st.just(1)}))
def test_any_json_is_a_command_or_refused(raw: Any) -> None:
    """Whatever JSON arrives, the outcome is a command or one of the two refusals."""
    try:
        assert isinstance(codec.decode_command(json.dumps(raw)), Command)
    except (ProtocolError, InvalidMessage) as refused:
        assert str(refused)


@given(data=st.data(), tag=st.sampled_from(list(EXAMPLES)), value=plain_json)
def test_any_value_in_any_field_is_taken_or_named(data: st.DataObject, tag: str, value: Any) -> None:
    """A value put into one field of a good command is taken, or refused under that field's name."""
    field = data.draw(st.sampled_from([*EXAMPLES[tag], "ref"]))
    try:
        assert isinstance(codec.decode_command(json.dumps(message(tag, **{field: value}))), Command)
    except InvalidMessage as refused:
        assert refused.field.split(".")[0].split("[")[0] == field
    except ProtocolError:
        assert field == "ref"


def test_a_message_type_from_the_future_comes_as_it_is() -> None:
    """Unknown types come as plain dicts, for a client to count their seq; unknown fields are left out."""
    frame = (
        b'{"type":"deal_archived","channel":"d","seq":4}\n{"type":"resync","channel":"deal:1","why":"new"}'
    )
    assert list(codec.decode_messages(frame)) == [
        {"type": "deal_archived", "channel": "d", "seq": 4},
        Resync(channel="deal:1"),
    ]
    assert list(codec.decode_messages(b'{"type":["x"]}')) == [{"type": ["x"]}]


@pytest.mark.parametrize(
    ("frame", "field"),
    [
        (b"[1]", ""),
        (b"nope", ""),
        (b'{"type":"reply","ref":"x","ok":true}', "ref"),
        (b'{"type":"resync"}', "channel"),
    ],
)
def test_a_broken_message_of_the_server_names_its_field(frame: bytes, field: str) -> None:
    """A known message whose fields do not fit is an error that names the field."""
    with pytest.raises(FieldError) as caught:
        list(codec.decode_messages(frame))
    assert caught.value.field == field


def test_columns_of_every_kind_of_array_are_encoded() -> None:
    """NumPy arrays go out as lists: numbers, text, objects, strided views; NaN is null; in structs too."""
    columns = {
        "whole": np.array([1, 2]),
        "strided": np.arange(4)[::2],
        "share": np.array([0.5, np.nan]),
        "name": np.array(["a", "b"]),
        "mixed": np.array([None, "x"], dtype=object),
        "flag": np.array([True, False]),
    }
    expected = {
        "whole": [1, 2],
        "strided": [0, 2],
        "share": [0.5, None],
        "name": ["a", "b"],
        "mixed": [None, "x"],
        "flag": [True, False],
    }
    assert codec.decode(codec.encode(columns)) == expected
    rows = SnapshotRows(channel="deal:1", ref=1, part=0, rows=2, columns=columns)  # type: ignore[arg-type]
    assert codec.decode(codec.encode(rows))["columns"] == expected
    assert codec.encode({"n": np.int64(3)}) == b'{"n":3}'


def test_times_go_out_in_utc() -> None:
    """A time is RFC 3339 with Z, from a struct as from a dict."""
    at = dt.datetime(2026, 7, 1, 9, 30, tzinfo=dt.timezone(dt.timedelta(hours=2)))
    assert codec.encode({"at": at.astimezone(dt.UTC)}) == b'{"at":"2026-07-01T07:30:00Z"}'


def test_what_has_no_json_form_is_refused() -> None:
    """Encoding an unknown type is a TypeError, not a guess."""
    with pytest.raises(TypeError):
        codec.encode({"x": object()})


@given(structure=values_of(Structure), changes=values_of(StructureChanges), filters=values_of(Filters))
def test_records_survive_plain_and_convert(
    structure: Structure, changes: StructureChanges, filters: Filters
) -> None:
    """``plain`` gives JSON-ready values from which ``convert`` and ``decode_as`` make the equal record."""
    for record in (structure, changes, filters):
        kind = type(record)
        assert codec.convert(kind, codec.plain(record)) == record
        assert codec.convert(kind, json.loads(codec.encode(record))) == record
        assert codec.decode_as(kind, codec.encode(record)) == record


def test_conversion_errors_name_the_field() -> None:
    """``convert`` and ``decode_as`` tell which field does not fit, and ``decode`` that it is no JSON."""
    with pytest.raises(FieldError, match=r"^tax_rate_bp: Expected"):
        codec.convert(Structure, {"tax_rate_bp": -1})
    with pytest.raises(FieldError, match=r"^colour: Unknown field"):
        codec.decode_as(Structure, b'{"colour":1}')
    with pytest.raises(FieldError, match="JSON"):
        codec.decode(b"{")
    with pytest.raises(FieldError):
        codec.decode_as(Structure, b'{"colour":"\xff"}')


def test_decimals_are_numbers_on_the_wire() -> None:
    """A decimal goes out as the shortest number that reads back the same."""
    assert (
        codec.encode([Decimal("887.50"), Decimal("0.01"), Decimal(0), Decimal("1E+3")])
        == b"[887.5,0.01,0,1000]"
    )


@given(st.text(alphabet="a \t\r\n", max_size=30))
def test_lines_of_a_frame(frame: str) -> None:
    """Every line counts, blank ones too, and an empty frame is one; what is left are the messages."""
    lines = list(codec.lines_of(frame))
    assert "\n".join(lines) + "\n" * frame.endswith("\n") == frame
    assert len(lines) == max(1, frame.count("\n") + (not frame.endswith("\n")))
    assert [line for line in lines if not codec.is_blank(line)] == codec.split_frame(frame)
