"""Deals in Postgres: every decision is written here first, in order, once.

A decision is one transaction under the deal's row lock: the deal's new state and its event. ``last_no`` is
the ``no`` of the last event; ``version`` changes only with events that change terms or state.
"""

import base64
import binascii
import datetime as dt
import uuid
from dataclasses import dataclass, field, replace
from typing import Any, Final

import asyncpg

from protocol import codec
from protocol.closing import CommandError, ErrorCode
from protocol.deal.customers import CustomerFacts
from protocol.deal.deal_parts import LenderTerms
from protocol.deal.structure import Structure
from protocol.deal.workflow import Fulfilment
from protocol.records import Actor, DealState, Role
from server.database.core.pool import Database
from server.database.decisions.agreement.lenders import LENDERS, lender_terms, live_terms
from server.database.decisions.deciding import DealEvent, parse_id
from server.database.decisions.moves.customers import CUSTOMER_FACTS

MAX_PAGE = 200

DEAL_COLUMNS: Final = f"""
       d.deal_id, d.store_id, s.group_id, d.state, d.version, d.last_no, d.structure, d.salesperson_id,
       u.name AS salesperson, u.role AS salesperson_role, d.selected_offer,
       s.state AS store_state,
       s.standard_markup_bp, s.npv_floor_cents, s.product_cost_share_bp, s.markup_cap_bp,
       s.cash_step_cents, s.grid_step_cents,
       u.discount_authority_cents,
       customer_id, c.name, c.state AS customer_state, c.postal_code, c.rebate_eligibility, c.score,
       c.erased_at IS NOT NULL AS is_erased,
       CASE WHEN num_nulls(c.monthly_income_cents, c.co_monthly_income_cents) < 2
            THEN coalesce(c.monthly_income_cents, 0) + coalesce(c.co_monthly_income_cents, 0)
            END AS income_cents,
       c.other_debt_cents + coalesce(c.co_other_debt_cents, 0) AS debt_cents,
       {CUSTOMER_FACTS} AS facts,
       {LENDERS} AS lenders, now() AS now
"""
DEAL_TABLES: Final = """
  FROM deals d JOIN stores s USING (store_id) JOIN customers c USING (customer_id)
  JOIN users u ON u.user_id = d.salesperson_id
"""
"""The tables and columns of a deal; ``deal_of`` builds a deal from a row."""

_DEAL = f"SELECT {DEAL_COLUMNS} {DEAL_TABLES} WHERE d.deal_id = $1"


@dataclass(frozen=True, slots=True)
class CustomerRecord:
    """The customer of a deal. Income and debt are per month, of customer and co-buyer together; None: not
    known.

    ``state`` and ``postal_code`` are where the car will be registered; ``eligibilities`` the customer's
    qualifications for rebates, ``facts`` all that the store knows, in wire form.
    ``is_erased``: only figures and decisions are left, and nobody changes the deal.
    """

    id: str
    name: str
    state: str
    monthly_income_cents: int | None
    other_debt_cents: int
    score: int | None
    postal_code: str = ""
    eligibilities: tuple[str, ...] = ()
    facts: dict[str, Any] = field(default_factory=dict)
    is_erased: bool = False

    def after(self, facts: dict[str, Any]) -> "CustomerRecord":
        """Return the customer with other facts."""
        known = codec.convert_known(CustomerFacts, facts)
        return replace(
            self,
            name=known.name,
            state=known.state,
            monthly_income_cents=known.income_cents,
            other_debt_cents=known.debt_cents,
            score=known.score,
            postal_code=known.postal_code,
            facts=facts,
        )


@dataclass(frozen=True, slots=True)
class Deal:
    """A deal at ``version``, with the pricing settings of its store.

    ``last_no`` is that of its last event. ``lenders`` are the lenders' last decisions, ``live_lenders`` those
    of them that had not expired when the deal was loaded. ``discount_authority_cents`` is its salesperson's,
    ``product_cost_share_bp`` the usual cost of its store's products, ``markup_cap_bp`` what the store's state
    allows over the buy rate; None: no cap. Found cash is in whole ``cash_step_cents``, and the pencil grid's
    columns are ``grid_step_cents`` apart. ``store_state`` is the state whose limits apply.
    """

    id: str
    store_id: str
    group_id: str
    state: DealState
    version: int
    last_no: int
    structure: Structure
    salesperson: Actor
    customer: CustomerRecord
    standard_markup_bp: float
    npv_floor_cents: int
    discount_authority_cents: int = 0
    product_cost_share_bp: float = 10_000.0
    markup_cap_bp: float | None = None
    store_state: str = ""
    cash_step_cents: int = 1
    grid_step_cents: int = 500_00
    selected_offer: str | None = None
    lenders: tuple[LenderTerms, ...] = ()
    live_lenders: tuple[LenderTerms, ...] = ()


@dataclass(frozen=True, slots=True)
class DealRow:
    """A deal in a list."""

    id: str
    customer: str
    state: DealState
    version: int
    store_id: str
    updated_at: dt.datetime
    customer_id: str
    fulfilment: Fulfilment | None


async def load_deal(database: Database, deal_id: str) -> Deal | None:
    """Return the deal, or None if there is none with that id."""
    key = parse_id(deal_id)
    row = None if key is None else await database.fetchrow(_DEAL, key)
    return None if row is None else deal_of(row)


async def deal_exists(database: Database, deal_id: str) -> bool:
    """Return whether the scope has a deal with this id, in canonical form."""
    key = parse_id(deal_id)
    found = key and await database.fetchval("SELECT true FROM deals WHERE deal_id = $1", key)
    return found is True


def deal_of(row: asyncpg.Record) -> Deal:
    """Return the deal of a row with DEAL_COLUMNS."""
    lenders = lender_terms(row["lenders"])
    return Deal(
        id=str(row["deal_id"]),
        store_id=row["store_id"],
        group_id=row["group_id"],
        state=DealState(row["state"]),
        version=row["version"],
        last_no=row["last_no"],
        structure=codec.convert_known(Structure, row["structure"]),
        salesperson=Actor(
            id=str(row["salesperson_id"]), name=row["salesperson"], role=Role(row["salesperson_role"])
        ),
        customer=CustomerRecord(
            id=str(row["customer_id"]),
            name=row["name"],
            state=row["customer_state"],
            monthly_income_cents=row["income_cents"],
            other_debt_cents=row["debt_cents"],
            score=row["score"],
            postal_code=row["postal_code"],
            eligibilities=tuple(row["rebate_eligibility"]),
            facts=row["facts"],
            is_erased=row["is_erased"],
        ),
        standard_markup_bp=float(row["standard_markup_bp"]),
        npv_floor_cents=row["npv_floor_cents"],
        discount_authority_cents=row["discount_authority_cents"],
        product_cost_share_bp=float(row["product_cost_share_bp"]),
        markup_cap_bp=None if row["markup_cap_bp"] is None else float(row["markup_cap_bp"]),
        store_state=row["store_state"],
        cash_step_cents=row["cash_step_cents"],
        grid_step_cents=row["grid_step_cents"],
        selected_offer=None if row["selected_offer"] is None else str(row["selected_offer"]),
        lenders=lenders,
        live_lenders=live_terms(lenders, row["now"]),
    )


async def list_deals(
    database: Database, store_id: str, after: str | None, limit: int
) -> tuple[list[DealRow], str | None]:
    """Return a page of the store's deals, the most recently changed first, and the key of the next page or
    None.

    Raises CommandError(invalid) for a key that we did not issue.
    """
    at, deal_id = _page_key(after)
    size = max(1, min(limit, MAX_PAGE))
    rows = await database.fetch(
        "SELECT deal_id, c.customer_id, c.name, d.state, d.fulfilment, d.version, d.store_id, d.updated_at"
        "  FROM deals d JOIN customers c USING (customer_id)"
        " WHERE d.store_id = $1 AND (d.updated_at, d.deal_id) < ($2, $3)"
        " ORDER BY d.updated_at DESC, d.deal_id DESC LIMIT $4",
        store_id,
        at,
        deal_id,
        size + 1,
    )
    page = [deal_row(row) for row in rows[:size]]
    if len(rows) <= size:
        return page, None
    return page, _write_key(page[-1].updated_at, uuid.UUID(page[-1].id))


def deal_row(row: asyncpg.Record) -> DealRow:
    """Return a deal in a list from its row."""
    return DealRow(
        str(row["deal_id"]),
        row["name"],
        DealState(row["state"]),
        row["version"],
        row["store_id"],
        row["updated_at"],
        str(row["customer_id"]),
        None if row["fulfilment"] is None else Fulfilment(row["fulfilment"]),
    )


async def last_no(database: Database, deal_id: str) -> int:
    """Return the ``no`` of the deal's last event, 0 if there is none."""
    found = await database.fetchval("SELECT last_no FROM deals WHERE deal_id = $1", parse_id(deal_id))
    return found or 0


async def events_after(database: Database, deal_id: str, no: int, limit: int) -> list[DealEvent]:
    """Return up to ``limit`` events of the deal after ``no``, in order."""
    rows = await database.fetch(
        "SELECT no, kind, body, at FROM deal_events WHERE deal_id = $1 AND no > $2 ORDER BY no LIMIT $3",
        parse_id(deal_id),
        no,
        limit,
    )
    return [DealEvent(row["no"], row["kind"], row["body"], row["at"]) for row in rows]


def _page_key(after: str | None) -> tuple[dt.datetime, uuid.UUID]:
    """Return where a page begins; without a key, at the top of the list."""
    if after is None:
        return dt.datetime.max.replace(tzinfo=dt.UTC), uuid.UUID(int=2**128 - 1)
    try:
        at, deal_id = base64.b64decode(after, altchars=b"-_", validate=True).decode().split(" ")
        place = dt.datetime.fromisoformat(at), uuid.UUID(deal_id)
    except (ValueError, binascii.Error):
        place = None
    # Only in the form that we write: in UTC, because a time in year 1 or 9999 may not exist there.
    if place is None or place[0].tzinfo != dt.UTC or _write_key(*place) != after:
        raise CommandError(
            ErrorCode.INVALID, "after: expected `next` from a page of this list", field="after"
        )
    return place


def _write_key(at: dt.datetime, deal_id: uuid.UUID) -> str:
    return base64.urlsafe_b64encode(f"{at.isoformat()} {deal_id}".encode()).decode()
