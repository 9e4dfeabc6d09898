"""Refusals are seen by view, as everything else is."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from protocol.closing import CommandError, ErrorCode
from protocol.deal.structure import Structure
from protocol.records import View
from server.hub.sight import asking
from server.hub.sight.visible import STRUCTURE_FIELDS

details = st.fixed_dictionaries(
    {
        "field": st.sampled_from(
            [*Structure.__struct_fields__, "vehicle_id", "channel", "changes.cash_down_cents"]
        )
    },
    optional={
        "value": st.text(),
        "by": st.text(),
        "expected": st.text(),
        "at": st.text(),
        "held_by": st.text(),
        "retry_after_seconds": st.integers(1, 60),
    },
)


@given(st.sampled_from(ErrorCode), details)
def test_a_customer_is_told_what_is_wrong_with_what_they_see(code: ErrorCode, detail: dict[str, Any]) -> None:
    """A refusal keeps its code, when to ask again and a field of their own, never who or what else stands
    behind it.
    """
    error = CommandError(code, "Held by Ann of Bank at 512.25.", **detail)
    shown = asking.project_error(error, View.CUSTOMER)
    name = detail["field"].rpartition(".")[2]
    known = name in STRUCTURE_FIELDS[View.CUSTOMER] or name in {"vehicle_id", "channel"}
    assert (shown.code, shown.detail.get("field")) == (code, detail["field"] if known else None)
    wait = {"retry_after_seconds"} & detail.keys()
    assert set(shown.detail) - wait <= {"field", "value", "expected", "at"}
    assert known or set(shown.detail) == wait
    assert shown.detail.get("retry_after_seconds") == detail.get("retry_after_seconds")
    reasons = {ErrorCode.INVALID, ErrorCode.FORBIDDEN, ErrorCode.CONFLICT, ErrorCode.LOCKED}
    if code in {*reasons, ErrorCode.DEGRADED}:
        assert "Ann" not in shown.message
    assert asking.project_error(error, View.SALES) is error
