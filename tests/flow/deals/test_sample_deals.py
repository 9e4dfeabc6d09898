"""The sample deals are there, open on real screens, and replay to the cent."""

import uuid
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from client import Deal
from protocol import codec
from protocol.deal.agreed import GUARDED, figures_of
from protocol.deal.workflow import Action, Fulfilment, LenderStatus, Reason, TaskKind
from protocol.events import DealSnapshot
from protocol.records import DealKind, DealState, View
from server.database.core.pool import connect_as_owner
from server.database.deals.history import deal_at, load_history
from server.sample_deals.playing import play_deals
from server.sample_deals.stories import STORIES
from server.settings import Settings
from server.work.replay import verify_pencils
from tests.flow.current import keep_current
from tests.flow.shop import connect, token_of
from tests.services import start_together

pytestmark = pytest.mark.flow

_DEALS = """
SELECT c.name, d.deal_id::text FROM deals d JOIN customers c USING (customer_id) WHERE d.version > 0
"""
_STORED = "SELECT state, version, fulfilment, structure, agreed, contract FROM deals WHERE deal_id = $1"


async def sample_deals(settings: Settings) -> dict[str, str]:
    """Return the ids of the deals that somebody has worked, by the customers' names."""
    async with connect_as_owner(settings.database_owner_url) as owner:
        return {row["name"]: row["deal_id"] for row in await owner.fetch(_DEALS)}


async def test_every_story_opens_and_shows_what_it_says(stocked: Settings, tmp_path: Path) -> None:
    """Played once, each deal opens for both people of its store and holds what it is there for."""
    assert await play_deals(stocked) == len(STORIES)
    assert await play_deals(stocked) == 0
    deals = await sample_deals(stocked)
    assert set(deals) == {story.name for story in STORIES} == set(SHOWN)
    async with start_together(stocked, tmp_path) as [web]:
        for story in STORIES:
            for role, view in (("manager", View.MANAGER), ("sales", View.SALES)):
                async with connect(web.url, await token_of(stocked, f"{story.store}-{role}")) as workspace:
                    deal = keep_current(await workspace.join(f"deal:{deals[story.name]}", view), stocked)
                    assert deal.history.events and not deal.history.more
                    await SHOWN[story.name](deal)
                    if deal.state.state in GUARDED:
                        assert deal.state.selected and deal.state.agreed == figures_of(deal.state.selected)


@pytest.mark.parametrize(
    ("role", "channel", "view"),
    [("manager", "desk:riverside", View.MANAGER), ("sales", "deals:riverside", View.SALES)],
)
async def test_the_wall_shows_deals_of_every_kind(
    stocked: Settings, tmp_path: Path, role: str, channel: str, view: View
) -> None:
    """Financed, leased and paid in cash, in whatever order. What a lease or a cash deal is worth is its
    gross, which salespeople do not see.
    """
    await play_deals(stocked)
    ids = await sample_deals(stocked)
    async with (
        start_together(stocked, tmp_path) as [web],
        connect(web.url, await token_of(stocked, f"riverside-{role}")) as workspace,
    ):
        wall = (await workspace.join(channel, view)).wall
        kinds = {name: wall[ids[name]]["kind"] for name in ("Grace Kimura", "Ines Carvalho", "Leo Fontaine")}
        assert list(kinds.values()) == [DealKind.FINANCE, DealKind.LEASE, DealKind.CASH]
        worth = [wall[ids[name]]["npv_cents"] for name in kinds]
        assert isinstance(worth[0], int)
        assert [isinstance(value, int) for value in worth[1:]] == [view is View.MANAGER] * 2
        assert ids["Dana Whitfield"] not in wall, "a funded deal has left the wall"


async def test_every_story_replays_to_the_cent(stocked: Settings) -> None:
    """Its pencils are computed again, and its events fold to the deal as it is stored."""
    await play_deals(stocked)
    async with connect_as_owner(stocked.database_owner_url) as owner:
        verified = await verify_pencils(owner)
        assert verified.differences == [] and verified.equal > len(STORIES)
        for deal_id in (await sample_deals(stocked)).values():
            history = await load_history(owner, deal_id)
            assert history is not None and history.pencils
            told = codec.plain(deal_at(history, len(history.events)))
            stored = dict(await owner.fetchrow(_STORED, uuid.UUID(deal_id)))
            assert {name: told[name] for name in stored} == stored


async def funded(deal: Deal) -> None:
    """The whole story: negative equity, a callback, a counter, the contract, the money."""
    state = deal.state
    assert (state.state, state.fulfilment) == (DealState.SIGNED, Fulfilment.FUNDED)
    structure = state.structure
    assert structure["payoff_cents"] > structure["trade_allowance_cents"]
    assert [line["product_id"] for line in structure["products"]] == ["gap", "service-contract"]
    assert structure["declined_products"] == ["tire-wheel"]
    assert state.contract and state.contract.customer == "Dana Whitfield"
    assert isinstance(state.lenders, list)
    assert all(each.cleared_by for each in state.lenders[0].stipulations)
    steps = [event.get("reason") for event in deal.history.events if event["type"] == "state_changed"]
    assert steps == [
        *("customer_agrees", "lender_changed", "customer_agrees", "cash_too_low", "customer_agrees"),
        *("meets_policy", "customer_accepts"),
    ]


async def called_back(deal: Deal) -> None:
    """Two lenders decided; the dearer rate returned the deal to work with both payments."""
    assert deal.state.state is DealState.WORKING and isinstance(deal.state.lenders, list)
    assert {each.status for each in deal.state.lenders} == {LenderStatus.CONDITIONAL, LenderStatus.DECLINED}
    fell = [event for event in deal.history.events if event["type"] == "state_changed"][-1]
    assert (fell["to"], fell["reason"]) == ("working", Reason.LENDER_CHANGED)
    assert fell["figures"]["new"]["payment_cents"] > fell["figures"]["old"]["payment_cents"]


async def declined(deal: Deal) -> None:
    """With its reasons; the desk owes the customer a notice."""
    assert deal.state.state is DealState.DECLINED
    told = [event for event in deal.history.events if event["type"] == "state_changed"][-1]
    assert (told["reason"], told["more_reasons"]) == ("income_insufficient", ["excessive_obligations"])
    if deal.view is View.MANAGER:
        assert open_tasks(deal.state) == [TaskKind.ADVERSE_ACTION_NOTICE]


async def to_be_appraised(deal: Deal) -> None:
    """The trade counts with its allowance until then."""
    assert open_tasks(deal.state) == [TaskKind.APPRAISAL]
    assert deal.state.pins and deal.state.selected
    [trade] = deal.state.structure["trades"]
    assert trade.get("acv_cents") is None and trade.get("appraised", False) is False


async def proposed(deal: Deal) -> None:
    """With $500 more down. The salesperson accepts it with one click."""
    if deal.view is View.MANAGER:
        assert deal.state.state is DealState.COUNTERED
        return
    assert deal.state.proposal
    figures = deal.state.proposal.figures
    assert figures.new and figures.new.cash_down_cents == figures.old.cash_down_cents + 500_00
    assert (figures.new.payment_cents or 0) < (figures.old.payment_cents or 0)
    await deal.desk.act(Action.ACCEPT, Reason.CUSTOMER_AGREES, figures=figures.new)


async def waits(deal: Deal) -> None:
    """Submitted, and nothing else."""
    assert deal.state.state is DealState.SUBMITTED


async def waits_with_negative_equity(deal: Deal) -> None:
    """What is owed on the trade is more than what is allowed for it."""
    await waits(deal)
    assert deal.state.structure["payoff_cents"] > deal.state.structure["trade_allowance_cents"]


async def in_cash(deal: Deal) -> None:
    """Paid in full, without a lender; approved."""
    assert deal.state.state is DealState.APPROVED
    assert deal.state.agreed and deal.state.agreed.kind is DealKind.CASH
    assert deal.state.selected and deal.state.selected.cash


async def leased(deal: Deal) -> None:
    """A new car, with what is due at signing; it waits for the desk."""
    await waits(deal)
    assert deal.state.agreed and deal.state.agreed.kind is DealKind.LEASE
    assert deal.state.selected and deal.state.selected.lease
    assert deal.state.selected.lease.miles_per_year == 12_000
    assert deal.state.selected.lease.due_at_signing_cents > 0


async def delivered(deal: Deal) -> None:
    """One of two stipulations is open."""
    assert deal.state.fulfilment is Fulfilment.DELIVERED and isinstance(deal.state.lenders, list)
    assert [bool(each.cleared_by) for each in deal.state.lenders[0].stipulations] == [True, False]


def open_tasks(state: DealSnapshot) -> list[TaskKind]:
    """Return the kinds of the open tasks."""
    assert isinstance(state.tasks, list)
    return [task.kind for task in state.tasks if task.done_by is None]


SHOWN: dict[str, Callable[[Deal], Awaitable[None]]] = {
    "Dana Whitfield": funded,
    "Marcus Bell": called_back,
    "Priya Raman": declined,
    "Tomas Alvarez": to_be_appraised,
    "Grace Kimura": proposed,
    "Samuel Adeyemi": waits_with_negative_equity,
    "Leo Fontaine": in_cash,
    "Hana Petrov": delivered,
    "Ines Carvalho": leased,
    "Yara Lindqvist": waits,
}
