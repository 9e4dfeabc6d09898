"""Clients of real processes: who they are, which deal they watch, what they heard."""

import datetime as dt
from collections.abc import Callable, Collection
from typing import Any

from client import Deal, Refreshed, Workspace
from client.backoff import Timing
from protocol.deal.structure import StructureChanges
from protocol.events import Event, Matches, Offers
from protocol.rights import TokenScope
from server.database.core.pool import connect_as_owner
from server.database.deals.deals import list_deals
from server.database.people.credentials import PERSON_SCOPES, CredentialKind, issue_credential
from server.database.people.users import find_by_login
from server.settings import Settings

QUICK = Timing(first_pause=0.05, longest_pause=0.5)
EASY = StructureChanges(
    payment_max_cents=None,
    cash_down_cents=0,
    cash_down_max_cents=4_000_000,
    trade_allowance_cents=0,
    trade_acv_cents=0,
    payoff_cents=0,
)
"""Changes after which a deal has many matches."""


async def token_of(settings: Settings, login: str, scopes: Collection[TokenScope] = PERSON_SCOPES) -> str:
    """Issue a bearer token for a sample user."""
    async with connect_as_owner(settings.database_owner_url) as database:
        account = await find_by_login(database, login)
        assert account is not None
        hour = dt.timedelta(hours=1)
        return await issue_credential(database, account.id, CredentialKind.BEARER, hour, scopes=scopes)


async def a_deal_of(settings: Settings, store_id: str = "riverside") -> str:
    """Return the channel of a store's first deal."""
    async with connect_as_owner(settings.database_owner_url) as database:
        rows, _ = await list_deals(database, store_id, None, 1)
    return f"deal:{rows[0].id}"


async def another_group(settings: Settings) -> tuple[str, str]:
    """Add a group with one store, whose deals nobody has; return the ids of both."""
    group, store = "lakeside-group", "lakeside"
    async with connect_as_owner(settings.database_owner_url) as owner:
        await owner.execute(
            "INSERT INTO store_groups (group_id, name, transfer_cost_cents, transfer_days)"
            " SELECT $1, $1, transfer_cost_cents, transfer_days FROM store_groups LIMIT 1",
            group,
        )
        await owner.execute(
            "INSERT INTO stores (store_id, group_id, name, state, default_structure, standard_markup_bp,"
            " npv_floor_cents, product_cost_share_bp) SELECT $1, $2, $1, state, default_structure,"
            " standard_markup_bp, npv_floor_cents, product_cost_share_bp FROM stores LIMIT 1",
            store,
            group,
        )
    return group, store


def connect(url: str, token: str) -> Workspace:
    """Return a client of the web process at ``url`` (http)."""
    return Workspace.connect(url.replace("http", "ws", 1) + "/ws", token, timing=QUICK)


async def events_until(deal: Deal, last: Callable[[Event], bool]) -> list[Event]:
    """Return the deal's events up to the first one for which ``last`` holds; a Refreshed would be a loss."""
    heard: list[Event] = []
    async for delivery in deal:
        assert not isinstance(delivery, Refreshed), "the state was replaced where events should follow"
        if isinstance(delivery, Event):
            heard.append(delivery)
            if last(delivery):
                break
    return heard


def assert_no_gap(events: list[Event]) -> None:
    """Assert that each event's seq is one above that of the event before."""
    seqs = [event.seq for event in events]
    assert seqs == list(range(seqs[0], seqs[0] + len(seqs)))


def assert_valued_once(events: list[Event]) -> None:
    """Assert that every chunk of matches has its offers, for the same cars, exactly once."""
    matches = {event.chunk: event.columns["vehicle_id"] for event in events if isinstance(event, Matches)}
    offers = [(event.chunk, event.columns["vehicle_id"]) for event in events if isinstance(event, Offers)]
    assert len(matches) > 1
    assert sorted(offers) == sorted(matches.items())


def state_of(deal: Deal) -> dict[str, Any]:
    """Return what a client holds of a deal, to be compared with another's."""
    search = deal.search_state
    return {
        "deal": deal.state,
        "search": search
        and (search.search_id, search.filters, search.sort, search.scanned, search.matched, search.ended),
        "valued": search and search.valued,
        "rows": dict(deal.rows),
        "position": deal.position,
    }
