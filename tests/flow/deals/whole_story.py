"""A whole deal afterwards: its story to somebody new, its paper, and all of it computed again."""

import json
from pathlib import Path

import httpx
from msgspec import UnsetType

from protocol import codec
from protocol.deal.agreed import AgreedFigures
from protocol.records import Role, View
from server.database.core.pool import connect_as_owner
from server.database.people.staff import add_user
from tests.flow.deals.test_audit import run_command
from tests.flow.deals.whole_deal import (
    ACV_CENTS,
    ALLOWANCE_CENTS,
    CONTRACT,
    CUSTOMER,
    GAP,
    PAYOFF_CENTS,
    SCORE,
    STIPULATIONS,
)
from tests.flow.desk import Both
from tests.flow.shop import connect, token_of
from tests.paper.pencils import text_of


async def somebody_new_reads_its_story(both: Both, url: str, agreed: AgreedFigures) -> None:
    """A colleague who opens the deal for the first time sees every step at once, and the signed contract."""
    async with connect_as_owner(both.settings.database_owner_url) as owner:
        await add_user(
            owner,
            "nina",
            name="Nina Okafor",
            role=Role.SALESPERSON,
            store_id="riverside",
            password="a password that is nobody's",
        )
    async with connect(url, await token_of(both.settings, "nina")) as workspace:
        deal = await workspace.join(both.sales.channel, View.SALES)
        story = deal.history.events
        assert not deal.history.more
        steps = [event for event in story if event["type"] in {"state_changed", "fulfilment_changed"}]
        assert [(step["from"], step["to"], step["reason"]) for step in steps] == [
            ("working", "submitted", "customer_agrees"),
            ("submitted", "working", "lender_changed"),
            ("working", "submitted", "customer_agrees"),
            ("submitted", "countered", "cash_too_low"),
            ("countered", "submitted", "customer_agrees"),
            ("submitted", "approved", "meets_policy"),
            ("approved", "signed", "customer_accepts"),
            ("signed", "delivered", "car_handed_over"),
            ("delivered", "funded", "lender_paid"),
        ]
        assert {step["by"]["name"] for step in steps} == {"Riverside sales", "Riverside manager"}
        assert all(step["at"] for step in steps)
        kinds = [event["type"] for event in story]
        assert {"customer_changed", "deal_changed", "task_raised", "task_done", "offer_selected"} < set(kinds)
        assert kinds.count("stipulation_cleared") == len(STIPULATIONS)
        declined = [event for event in story if "declined_products" in event.get("changes", {})]
        assert declined[-1]["changes"]["declined_products"] == ["tire-wheel"]
        assert deal.state.agreed == agreed
        assert deal.state.contract and deal.state.contract.figures == agreed
        assert not internal_in(codec.encode([story, deal.state]).decode())


async def its_paper_shows_what_was_signed(both: Both, agreed: AgreedFigures, folder: Path) -> None:
    """One page for the customer, the same from the command line: no internal figure is on it."""
    paper = await paper_of(both)
    file = folder / "deal.pdf"
    await run_command(both.settings, "print", both.sales.state.id, "-o", str(file))
    assert file.read_bytes() == paper
    text = text_of(paper)
    for amount in (
        *(agreed.payment_cents, agreed.total_cents, agreed.cash_down_cents),
        *(ALLOWANCE_CENTS, PAYOFF_CENTS, GAP[1], CONTRACT[1]),
    ):
        assert f"${(amount or 0) / 100:,.2f}" in text, amount
    assert "GAP waiver" in text and CUSTOMER["name"] in text
    offer = both.manager.state.selected
    assert offer and isinstance(offer.npv_cents, int) and isinstance(offer.lender, str)
    quote = await both.manager.quote(offer.vehicle_id)
    assert not isinstance(quote.value, UnsetType) and quote.value.parts
    house = [offer.npv_cents, *dict(quote.value.parts).values(), ACV_CENTS, 310_00, 1_150_00]
    assert not any(f"{abs(amount) / 100:,.2f}" in text for amount in house if amount)
    assert not any(word in text for word in ("NPV", offer.lender, str(SCORE), "prime", "reserve"))


async def it_replays_to_the_cent(both: Both) -> None:
    """Every pencil comes out as it was given, and the events fold to the deal as it stands."""
    said = await run_command(both.settings, "verify-pencils")
    assert said.endswith(" 0 differ\n") and not said.startswith("0 ")
    replayed = json.loads(await run_command(both.settings, "replay", both.manager.state.id))
    now = codec.decode(codec.encode(both.manager.state))
    for name in ("version", "state", "fulfilment", "structure", "selected", "agreed", "contract", "lenders"):
        assert replayed[name] == now[name], name


async def paper_of(both: Both) -> bytes:
    """Return the PDF that the salesperson prints."""
    token = await token_of(both.settings, "riverside-sales")
    url = f"http://127.0.0.1:{both.settings.port}/api/deals/{both.sales.state.id}/paper.pdf"
    async with httpx.AsyncClient(headers={"authorization": f"Bearer {token}"}, timeout=60) as http:
        answer = await http.get(url)
    assert answer.status_code == 200
    return answer.content


def internal_in(text: str) -> list[str]:
    """Return what a salesperson must not see of this deal and yet stands in ``text``."""
    hidden = ("acv_cents", "cost_cents", "buy_rate", "_gross", str(ACV_CENTS), f'"score":{SCORE}', "parts")
    return [word for word in hidden if word in text]
