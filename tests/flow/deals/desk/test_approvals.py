"""What an approval binds is looked at as it is given: car and rates may change while it is decided."""

import datetime as dt
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass

import asyncpg
import pytest

from protocol.closing import CommandError, ErrorCode
from protocol.deal.deal_parts import DealOffer
from protocol.deal.workflow import Action, Reason
from protocol.records import Actor, DealState, Role
from server.database.core.scope import everything
from server.database.decisions.moves.workflow import Move, take_action
from server.database.people.users import find_by_login
from server.settings import Settings
from tests.flow.desk import Both, refused
from tests.services import open_owner_pool

pytestmark = pytest.mark.flow


@dataclass(frozen=True)
class Desk:
    """A submitted deal, and the manager's approval as it stands when it has been priced."""

    both: Both
    pool: asyncpg.Pool
    offer: DealOffer
    manager: Actor

    async def approve(self, rates: str) -> None:
        """Approve the offer as it was priced, with ``rates`` as the sheet that was in force after that."""
        step = Move(
            op=uuid.uuid4(),
            version=self.both.manager.state.version,
            reason=Reason.MEETS_POLICY,
            actor=self.manager,
            today=dt.datetime.now(dt.UTC).date(),
            rates=rates,
            priced=self.offer,
            discount_authority_cents=100_000_00,
        )
        await take_action(everything(self.pool), self.both.manager.state.id, Action.APPROVE, step)


@pytest.fixture
async def desk(both: Both, stocked: Settings) -> AsyncIterator[Desk]:
    """A deal that was submitted."""
    offer = await both.submitted()
    async with await open_owner_pool(stocked) as pool:
        manager = await find_by_login(pool, "riverside-manager")
        assert manager is not None
        yield Desk(both, pool, offer, Actor(id=manager.id, name=manager.name, role=Role.DESK_MANAGER))


async def stands_submitted(desk: Desk, error: CommandError) -> None:
    """Assert that an approval was refused, and left nothing."""
    assert (error.code, error.detail["field"]) == (ErrorCode.CONFLICT, "selected")
    row = await desk.pool.fetchrow(
        "SELECT state, (SELECT count(*) FROM desk_approvals WHERE deal_id = d.deal_id) AS approvals"
        "  FROM deals d WHERE deal_id::text = $1",
        desk.both.manager.state.id,
    )
    assert row is not None and tuple(row) == (DealState.SUBMITTED, 0)


async def unheard(desk: Desk, change: str) -> None:
    """Change the car before the web process hears of it, which would return the deal to working."""
    async with desk.pool.acquire() as owner, owner.transaction():
        await owner.execute("ALTER TABLE vehicles DISABLE TRIGGER vehicles_updated")
        await owner.execute(change, desk.offer.vehicle_id)
        await owner.execute("ALTER TABLE vehicles ENABLE TRIGGER vehicles_updated")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("UPDATE vehicles SET price_cents = price_cents - 100 WHERE vehicle_id::text = $1", "car_changed"),
        ("UPDATE vehicles SET status = 'sold' WHERE vehicle_id::text = $1", "car_sold"),
    ],
)
async def test_a_car_that_changes_while_it_is_approved_is_not(desk: Desk, change: str, reason: str) -> None:
    """It was priced, then repriced or sold, then the approval came: nobody would tell of it later."""
    await unheard(desk, change)
    assert desk.offer.versions
    error = await refused(desk.approve(desk.offer.versions.rates))
    assert error.detail["value"] == reason
    await stands_submitted(desk, error)


async def test_an_offer_of_another_sheet_is_not_approved(desk: Desk) -> None:
    """It was priced from one rate sheet, and another came into force before it was approved."""
    await desk.both.run_sql("INSERT INTO rate_sheets VALUES ('another', '1999-01-01', NULL, true)")
    error = await refused(desk.approve("another"))
    assert error.detail["value"] == "rates_changed"
    await stands_submitted(desk, error)
    assert desk.offer.versions
    await desk.approve(desk.offer.versions.rates)
    state = await desk.both.agree(lambda deal: deal.state is DealState.APPROVED)
    assert state.approval and state.approval.rates == desk.offer.versions.rates
