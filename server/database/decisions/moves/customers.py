"""What the store learns of a customer: one change for all of the customer's open deals."""

import uuid
from typing import Any, Final

from msgspec import UNSET

from protocol import codec
from protocol.closing import CommandError, ErrorCode
from protocol.deal.customers import (
    COUNTED,
    TAXED,
    CustomerChanges,
    CustomerError,
    CustomerFacts,
    check_facts,
    with_facts,
)
from protocol.deal.deal_parts import DealOffer
from protocol.deal.scenarios import Scenario
from protocol.deal.workflow import Reason
from protocol.events import Customer, CustomerChanged, kind_of
from protocol.records import Actor, DealState
from server.clock import wire_time
from server.database.core.pool import Database
from server.database.core.scope import RowScope
from server.database.decisions.deciding import Asked, Decided, LockedDeal, deciding_for_others, parse_id
from server.database.decisions.edits.kept_scenarios import outdate
from server.database.decisions.edits.terms import wrong_state
from server.database.decisions.moves.price_guard import WithNewFacts, fall_with_new_facts

CUSTOMER_FACTS: Final = (
    "jsonb_build_object(" + ", ".join(f"'{name}', c.{name}" for name in CustomerFacts.__struct_fields__) + ")"
)
"""The facts of a row ``c`` of customers, as ``CustomerFacts`` on the wire."""

_OTHERS: Final = """
SELECT deal_id::text FROM deals
 WHERE customer_id = (SELECT customer_id FROM deals WHERE deal_id = $1) AND deal_id <> $1
   AND state NOT IN ('signed', 'lost')
"""
_FACTS: Final = f"""
SELECT c.customer_id, {CUSTOMER_FACTS} AS facts
  FROM customers c JOIN deals d USING (customer_id) WHERE d.deal_id = $1 FOR NO KEY UPDATE OF c
"""  # noqa: S608 - names of our own
_COLUMNS: Final = CustomerFacts.__struct_fields__
_UPDATE: Final = f"""
UPDATE customers SET ({", ".join(_COLUMNS)}) =
       ({", ".join(f"${place}" for place in range(2, len(_COLUMNS) + 2))}) WHERE customer_id = $1
"""  # noqa: S608 - names of our own
_INSERT: Final = f"""
INSERT INTO customers (customer_id, store_id, {", ".join(_COLUMNS)})
VALUES ($1, $2, {", ".join(f"${place}" for place in range(3, len(_COLUMNS) + 3))}) ON CONFLICT DO NOTHING
"""  # noqa: S608 - names of our own


def asked_for(changes: CustomerChanges) -> Asked:
    """Return the content of the command ``customer``."""
    return ("customer", codec.plain(changes))


async def change_customer(
    scope: RowScope,
    deal_id: str,
    changes: CustomerChanges,
    *,
    based_on: int,
    op: uuid.UUID,
    actor: Actor,
    priced: WithNewFacts | None = None,
) -> tuple[Decided, list[Decided]]:
    """Change the facts of a deal's customer; return the command's outcome, and those of the other open deals.

    An approval that was given on other income, debts, score or address ends, and so do agreed figures that
    such a fact changes: the deal returns to working, with the old and the new figures. ``priced`` is the deal
    with the changes; the server prices the others, and this one if it moved since.

    Raises CommandError: not_found; invalid for facts that contradict each other, or a version ahead of the
    deal; conflict for a deal that is over, or for a fact that was changed since ``based_on``.
    """
    key = parse_id(deal_id)
    async with scope.acquire() as database:
        others = [] if key is None else [row["deal_id"] for row in await database.fetch(_OTHERS, key)]
    asked = asked_for(changes)
    async with deciding_for_others(scope, deal_id, others, op=op, actor=actor, asked=asked) as (deal, open_):
        if deal.repeated is not None:
            return deal.again(), []
        if deal.state in {DealState.SIGNED, DealState.LOST}:
            raise wrong_state(deal, "change the customer of")
        if based_on > deal.version:
            raise CommandError(
                ErrorCode.INVALID, f"version: expected at most {deal.version}", field="version"
            )
        row = await deal.database.fetchrow(_FACTS, deal.key)
        if row is None:
            raise LookupError(f"deal {deal.key} has no customer")
        before = codec.convert(CustomerFacts, row["facts"])
        after = _with(before, changes)
        new = [name for name in _COLUMNS if getattr(before, name) != getattr(after, name)]
        if based_on < deal.version:
            await _check_unchanged(deal, based_on, new, after)
        if new:
            await deal.database.execute(_UPDATE, row["customer_id"], *_values(after))
            customer = codec.plain(customer_of(str(row["customer_id"]), after))
            current = priced if priced is not None and priced.version == deal.version else None
            await _tell(deal, customer, new, current)
            for each in open_:
                if each.state not in {DealState.SIGNED, DealState.LOST}:
                    await _tell(each, customer, new, None)
        return deal.decided(), [other.answered({}) for other in open_]


async def create_customer(
    database: Database, store_id: str, facts: CustomerFacts, customer_id: uuid.UUID | None = None
) -> str:
    """Add a customer to a store and return the id. With ``customer_id`` it is added once.

    Raises CommandError(invalid).
    """
    try:
        check_facts(facts)
    except CustomerError as error:
        raise _invalid(error) from None
    customer_id = customer_id or uuid.uuid4()
    await database.execute(_INSERT, customer_id, store_id, *_values(facts))
    return str(customer_id)


def customer_of(customer_id: str, facts: CustomerFacts) -> Customer:
    """Return a customer as managers see them."""
    return Customer(
        id=customer_id,
        name=facts.name,
        state=facts.state,
        monthly_income_cents=facts.income_cents,
        score=facts.score,
        facts=codec.plain(facts),
    )


async def _tell(
    deal: LockedDeal, customer: dict[str, Any], fields: list[str], priced: WithNewFacts | None
) -> None:
    deal.record(CustomerChanged, customer=customer, fields=fields)
    if COUNTED.isdisjoint(fields):
        return
    await fall_with_new_facts(deal, priced)

    async def why(scenario: Scenario, offer: DealOffer) -> Reason | None:
        # Of what a customer pays in full, only the taxes depend on the customer.
        counted = TAXED if offer.cash is not UNSET else COUNTED
        return None if counted.isdisjoint(fields) else Reason.CUSTOMER_CHANGED

    await outdate(deal, why)


def _with(facts: CustomerFacts, changes: CustomerChanges) -> CustomerFacts:
    try:
        return with_facts(facts, changes)
    except CustomerError as error:
        raise _invalid(error) from None


def _invalid(error: CustomerError) -> CommandError:
    return CommandError(ErrorCode.INVALID, str(error), field=error.field, expected=error.expected)


def _values(facts: CustomerFacts) -> list[Any]:
    return [getattr(facts, name) for name in _COLUMNS]


async def _check_unchanged(deal: LockedDeal, based_on: int, new: list[str], after: CustomerFacts) -> None:
    since = await deal.database.fetch(
        "SELECT body, at FROM deal_events"
        " WHERE deal_id = $1 AND kind = $3 AND (body->>'version')::bigint > $2 ORDER BY no DESC",
        deal.key,
        based_on,
        kind_of(CustomerChanged),
    )
    for event in since:
        taken = next((name for name in new if name in event["body"]["fields"]), None)
        if taken is not None:
            by = event["body"]["by"]
            raise CommandError(
                ErrorCode.CONFLICT,
                f"{by['name']} changed {taken} of the customer in the meantime.",
                field=taken,
                value=event["body"]["customer"]["facts"][taken],
                by=by,
                at=wire_time(event["at"]),
                version=event["body"]["version"],
            )
