"""A deal on paper: the same page for everyone who prints it, from the pencil that the deal stands on."""

import asyncio
import sys
from pathlib import Path

import httpx
import pytest

from protocol import disclosures
from protocol.deal.structure import StructureChanges
from protocol.deal.workflow import Action, Reason
from protocol.records import DealState
from server.database.core.pool import connect_as_owner
from server.settings import process_environment
from tests.flow.deals.test_audit import run_command
from tests.flow.desk import Both
from tests.flow.shop import token_of
from tests.paper.pencils import text_of
from tests.services import ROOT

pytestmark = pytest.mark.flow


async def get(both: Both, path: str, login: str = "riverside-sales") -> httpx.Response:
    """Return the answer of the web process to somebody."""
    headers = {"authorization": f"Bearer {await token_of(both.settings, login)}"}
    url = f"http://127.0.0.1:{both.settings.port}"
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=60) as client:
        return await client.get(path)


def deal_id(both: Both) -> str:
    """Return the id of the deal."""
    return both.manager.state.id


async def pencils(both: Both) -> int:
    """Return how many pencils are stored."""
    async with connect_as_owner(both.settings.database_owner_url) as owner:
        return int(await owner.fetchval("SELECT count(*) FROM pencils"))


async def test_everyone_prints_the_same_paper(both: Both, tmp_path: Path) -> None:
    """Salesperson, manager and command give equal bytes, with the payment of the offer; printing the deal's
    car stores no pencil, and leaves a security event.
    """
    offer = await both.submitted()
    before = await pencils(both)
    path = f"/api/deals/{deal_id(both)}/paper.pdf"
    sales, manager = await get(both, path), await get(both, path, "riverside-manager")
    assert (sales.status_code, sales.headers["content-type"]) == (200, "application/pdf")
    assert sales.headers["cache-control"] == "no-store"
    assert sales.content == manager.content
    file = tmp_path / "deal.pdf"
    said = await run_command(both.settings, "print", deal_id(both), "-o", str(file))
    assert said == f"wrote {file}\n"
    assert file.read_bytes() == sales.content
    text = text_of(sales.content)
    assert f"${offer.payment_cents / 100:,.2f} a month" in text
    assert f"Version {offer.pencil_id}" in text
    assert offer.car.stock_no in text
    assert await pencils(both) == before
    async with connect_as_owner(both.settings.database_owner_url) as owner:
        printed = await owner.fetchval(
            "SELECT count(*) FROM security_events WHERE kind = 'exported' AND detail->>'what' = 'paper'"
        )
    assert printed == 2


async def test_a_chosen_structure_keeps_its_discount_until_it_no_longer_fits(both: Both) -> None:
    """Then paper and submission price it with another one, and say so by their figures."""
    car = both.cars[0]
    best = await both.manager.quote(car)
    assert isinstance(best.cash_down_cents, int) and isinstance(best.programme_id, str)
    chosen = StructureChanges(
        term_months=best.term_months,
        cash_down_cents=best.cash_down_cents,
        cash_down_max_cents=best.cash_down_cents,
        discount_cents=best.discount_cents,
    )
    await both.sales.desk.select(car, chosen, programme_id=best.programme_id)
    state = await both.agree(lambda deal: deal.selected is not None)
    assert state.selected and state.selected.payment_cents == best.payment_cents
    most = state.selected.payment_cents - 5_00
    await both.manager.terms(StructureChanges(payment_min_cents=0, payment_max_cents=most))
    await both.caught_up()
    # At this discount it is over the maximum, and a question that states it is refused.
    refused = await both.manager.quote(car, chosen, programme_id=best.programme_id)
    assert (refused.eligible, refused.binding) == (False, "payment_max")
    paper = await get(both, f"/api/deals/{deal_id(both)}/paper.pdf")
    assert paper.status_code == 200
    await both.sales.desk.act(Action.SUBMIT, Reason.CUSTOMER_AGREES)
    state = await both.agree(lambda deal: deal.state is DealState.SUBMITTED)
    assert state.selected and state.selected.discount_cents > state.structure["discount_cents"]
    assert state.selected.payment_cents <= most
    assert f"${state.selected.payment_cents / 100:,.2f} a month" in text_of(paper.content)


async def test_a_comparison_quotes_what_was_not_priced(both: Both) -> None:
    """Pinned cars are printed from their pencils; another car is quoted, and its pencil is stored."""
    await both.sales.desk.pin(both.cars[0])
    await both.agree(lambda deal: len(deal.pins) == 1)
    before = await pencils(both)
    cars = ",".join(both.cars[:3])
    paper = await get(both, f"/api/deals/{deal_id(both)}/paper.pdf?cars={cars}")
    assert paper.status_code == 200
    text = text_of(paper.content)
    assert "Comparison of 3 cars" in text
    for car in both.cars[:3]:
        row = both.manager.rows[car]
        assert row.match["stock_no"] in text
        assert row.offer is not None
        assert f"${row.offer['payment_cents'] / 100:,.2f} a month" in text
    assert await pencils(both) == before + 2


async def test_terms_that_moved_are_on_the_paper(both: Both) -> None:
    """A working deal is printed under its terms of now, not under those of the day of the choice."""
    await both.sales.desk.select(both.cars[0])
    await both.agree(lambda deal: deal.selected is not None)
    chosen = both.manager.state.selected
    assert chosen is not None
    await both.sales.terms(StructureChanges(fees_cents=both.sales.state.structure["fees_cents"] + 123_00))
    await both.agree(lambda deal: deal.selected_outdated is True)
    text = text_of((await get(both, f"/api/deals/{deal_id(both)}/paper.pdf")).content)
    assert f"Version {chosen.pencil_id}" not in text
    assert chosen.car.stock_no in text


async def test_a_signed_deal_is_printed_as_it_was_signed(both: Both) -> None:
    """The paper of a signed deal is its contract's pencil, though the car costs more by now."""
    offer = await both.submitted()
    await both.manager.desk.act(Action.APPROVE, Reason.MEETS_POLICY)
    await both.agree(lambda deal: deal.state is DealState.APPROVED)
    await both.lender_approves(offer)
    await both.sales.desk.act(Action.SIGN, Reason.CUSTOMER_ACCEPTS)
    await both.agree(lambda deal: deal.state is DealState.SIGNED)
    await both.run_sql(
        f"UPDATE vehicles SET price_cents = price_cents + 50000 WHERE vehicle_id = {both.cars[0]}"  # noqa: S608 - a test's own id
    )
    text = text_of((await get(both, f"/api/deals/{deal_id(both)}/paper.pdf")).content)
    assert f"Version {offer.pencil_id}" in text
    assert "Signed deal" in text and disclosures.SIGNED in text
    for said in ("Proposal", "Estimate", "valid until", "Valid until", "Customer, date"):
        assert said not in text, said


async def test_what_the_screen_shows_is_printed(both: Both) -> None:
    """A structure that somebody looks at is printed, not the best one; another way to pay as well. The car of
    a deal whose figures are agreed prints as agreed.
    """
    car = both.cars[0]
    best = await both.sales.quote(car)
    cash = int(best.cash_down_cents) + 300_00
    looked = await both.sales.quote(
        car, changes=StructureChanges(cash_down_cents=cash, cash_down_max_cents=cash)
    )
    assert looked.payment_cents != best.payment_cents
    path = f"/api/deals/{deal_id(both)}/paper.pdf?cars={car}"
    text = text_of((await get(both, f"{path}&pencil={looked.pencil_id}")).content)
    assert f"${looked.payment_cents / 100:,.2f} a month" in text
    assert f"${best.payment_cents / 100:,.2f} a month" in text_of((await get(both, path)).content)
    in_cash = text_of((await get(both, f"{path}&kind=cash")).content)
    assert "out the door" in in_cash and "a month" not in in_cash
    unknown = await get(both, f"{path}&pencil={'0' * 8}-0000-4000-8000-{'0' * 12}")
    assert (unknown.status_code, unknown.json()["error"]["detail"]["field"]) == (404, "pencil")


async def test_an_agreed_car_prints_as_agreed(both: Both) -> None:
    """From submitted on no look at another structure changes the paper of the deal's car."""
    offer = await both.submitted()
    looked = await both.sales.quote(
        offer.vehicle_id,
        changes=StructureChanges(cash_down_cents=0, cash_down_max_cents=offer.cash_down_cents),
    )
    path = f"/api/deals/{deal_id(both)}/paper.pdf?cars={offer.vehicle_id}&pencil={looked.pencil_id}"
    assert f"Version {offer.pencil_id}" in text_of((await get(both, path)).content)


@pytest.mark.parametrize(
    ("query", "login", "status", "field"),
    [
        ("", "riverside-sales", 409, "cars"),
        ("?cars=1,2,3,4", "riverside-sales", 400, "cars"),
        ("?cars=1,1", "riverside-sales", 400, "cars"),
        ("?cars=999999999", "riverside-sales", 404, "vehicle_id"),
        ("?cars=nonsense", "riverside-sales", 404, "vehicle_id"),
        ("", "northgate-sales", 404, "deal_id"),
    ],
)
async def test_what_cannot_be_printed(both: Both, query: str, login: str, status: int, field: str) -> None:
    """A deal without a car, too many cars, unknown cars and another store's deal are refused by name."""
    answer = await get(both, f"/api/deals/{deal_id(both)}/paper.pdf{query}", login)
    assert answer.status_code == status
    assert answer.json()["error"]["detail"]["field"] == field


async def test_the_command_takes_stock_numbers_and_says_what_is_wrong(both: Both, tmp_path: Path) -> None:
    """Cars are named by stock number; an unknown deal and a deal without a car end with one line."""
    stock = [both.manager.rows[car].match["stock_no"] for car in both.cars[:2]]
    file = tmp_path / "two.pdf"
    await run_command(both.settings, "print", deal_id(both), "--cars", ",".join(stock), "-o", str(file))
    assert all(number in text_of(file.read_bytes()) for number in stock)
    for deal, said in (
        (deal_id(both), "Put a car on the deal first."),
        ("nobody", "there is no deal nobody"),
    ):
        process = await fails(both, "print", deal, "-o", str(tmp_path / "none.pdf"))
        assert said in process
    assert not (tmp_path / "none.pdf").exists()
    cars = ("--cars", f"{stock[0]},A1\x1b[2J", "-o", str(file))
    assert "--cars A1\\u001b[2J: expected a stock number" in await fails(both, "print", deal_id(both), *cars)
    nowhere = tmp_path / "nowhere" / "two.pdf"
    said = await fails(both, "print", deal_id(both), "--cars", stock[0], "-o", str(nowhere))
    assert f"--output {nowhere}: cannot be written: No such file or directory" in said


async def fails(both: Both, *arguments: str) -> str:
    """Run a command that must end with code 1; return its standard error, which is one line."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "server", *arguments),
        cwd=ROOT,
        env=process_environment() | both.settings.environment(),
        stderr=asyncio.subprocess.PIPE,
    )
    _, errors = await process.communicate()
    assert process.returncode == 1
    assert errors.decode().count("\n") == 1
    return errors.decode()
