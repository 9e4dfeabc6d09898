"""A salesperson and a desk manager who work a deal, step by step, as the hub decides the same steps.

Every step is priced by the quotes, decided in Postgres, and has its pencils and events.
"""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from protocol import codec
from protocol.closing import CommandError, ErrorCode
from protocol.deal.deal_parts import DealOffer, LenderTerms
from protocol.deal.structure import StructureChanges
from protocol.deal.workflow import TRANSITIONS, Action, Closing, LenderStatus, Reason
from protocol.records import Tier
from server.clock import utc_now
from server.database.core.scope import StoreScopes
from server.database.deals.deal_parts import load_whole
from server.database.decisions.agreement import lenders, offers
from server.database.decisions.edits import locks_and_notes, terms, trades
from server.database.decisions.moves import workflow
from server.database.people.users import Account
from server.hub.channels.live_deal import HeldDeal
from server.hub.commands.offer_pricing import Repricing
from server.hub.commands.quoting.lender_rows import LenderRows
from server.hub.commands.quoting.quotes import Quotes
from server.hub.connections.authority import actor_of
from server.work.editions import Editions

APPROVAL_LASTS: Final = dt.timedelta(days=30)
CARS_TRIED: Final = 4

_CARS = """
SELECT vehicle_id::text FROM vehicles
 WHERE store_id = $1 AND status = 'available' AND is_new = $2 AND price_cents BETWEEN $3 AND $4
   AND $6 IN (make, '')
   AND NOT EXISTS (SELECT FROM offers o WHERE o.vehicle_id = vehicles.vehicle_id)
 ORDER BY price_cents, vin LIMIT $5
"""


class NoSampleCarError(LookupError):
    """No car of the sample stock can become the deal."""


@dataclass(frozen=True, slots=True)
class Desk:
    """A store's salesperson and manager, and what their steps are priced with."""

    stores: StoreScopes
    quotes: Quotes
    editions: Editions
    sales: Account
    manager: Account
    today: dt.date


@dataclass(frozen=True, slots=True)
class Wanted:
    """What car a customer wants: new or used, its price in cents from ``least`` to ``most``, and its make;
    empty: any.
    """

    new: bool
    least: int
    most: int
    make: str = ""


@dataclass(frozen=True, slots=True)
class DealAtWork:
    """A deal of the desk's salesperson. Each method is one step; a refused one raises CommandError."""

    desk: Desk
    deal_id: str

    async def held(self) -> HeldDeal:
        """Return the deal as it stands."""
        async with self.desk.stores.of(self.desk.sales.store_id).acquire() as database:
            whole = await load_whole(database, self.deal_id)
        if whole is None:
            raise LookupError(f"deal {self.deal_id} is gone")
        return HeldDeal.of(*whole)

    async def offer(self) -> DealOffer:
        """Return the selected offer."""
        offer = (await self.held()).whole.selected
        if offer is None:
            raise LookupError(f"deal {self.deal_id} has no offer")
        return offer

    async def terms(self, *, by_desk: bool = False, **changes: Any) -> None:
        """Change the structure; fields as on the wire."""
        held = await self.held()
        await terms.change_terms(
            self._scope,
            self.deal_id,
            op=uuid.uuid4(),
            based_on=held.deal.version,
            changes=codec.convert(StructureChanges, changes),
            actor=actor_of(self.desk.manager if by_desk else self.desk.sales),
        )

    async def best_car(self, wanted: Wanted) -> DealOffer:
        """Quote some cars that nobody has yet; return the offer that is worth most. Raises
        NoSampleCarError.
        """
        deal = (await self.held()).at(utc_now())
        async with self._scope.acquire() as database:
            store = self.desk.sales.store_id
            found = await database.fetch(
                _CARS, store, wanted.new, wanted.least, wanted.most, CARS_TRIED, wanted.make
            )
        priced = []
        for row in found:
            try:
                offer = await self.desk.quotes.offer(
                    deal, row["vehicle_id"], StructureChanges(), None, self.desk.sales
                )
            except CommandError as error:
                if error.code is not ErrorCode.CONFLICT:
                    raise
                continue
            priced.append(offer)
        if not priced:
            raise NoSampleCarError(wanted)
        return max(priced, key=lambda offer: offer.npv_cents or 0)

    async def select(self, vehicle_id: str) -> DealOffer:
        """Put a car on the deal; return its offer."""
        await offers.select_offer(self._scope, self.deal_id, **await self._chosen(vehicle_id))
        return await self.offer()

    async def pin(self, vehicle_id: str) -> None:
        """Pin a car."""
        await offers.pin_offer(self._scope, self.deal_id, **await self._chosen(vehicle_id))

    async def note(self, text: str, *, by_desk: bool = False) -> None:
        """Write a note."""
        actor = actor_of(self.desk.manager if by_desk else self.desk.sales)
        await locks_and_notes.add_note(self._scope, self.deal_id, text, op=uuid.uuid4(), actor=actor)

    async def request_appraisal(self, trade_id: str) -> None:
        """Ask the desk to appraise a trade."""
        await trades.request_appraisal(
            self._scope,
            self.deal_id,
            trade_id,
            op=uuid.uuid4(),
            actor=actor_of(self.desk.sales),
            today=self.desk.today,
        )

    async def act(self, action: Action, reason: Reason, *more_reasons: Reason, **changes: Any) -> None:
        """Move the deal. ``changes`` are those of a counter."""
        held = await self.held()
        account = self.desk.manager if _is_desks(action) else self.desk.sales
        asked = codec.convert(StructureChanges, changes)
        priced = await self._priced(held, account, action, asked)
        step = await self._step(held, account, reason, more_reasons, priced=priced, changes=asked)
        await workflow.take_action(self._scope, self.deal_id, action, step)

    async def close(self, closing: Closing, reason: Reason) -> None:
        """Deliver or fund the signed deal."""
        step = await self._step(await self.held(), self.desk.manager, reason, ())
        await workflow.take_closing_step(self._scope, self.deal_id, closing, step)

    async def callback(
        self,
        lender: str,
        status: LenderStatus,
        *,
        above_buy_bp: float = 0.0,
        stipulations: Sequence[str] = (),
    ) -> None:
        """Record a lender's approval of the selected offer, ``above_buy_bp`` above its own buy rate."""
        held, offer = await self.held(), await self.offer()
        own = await LenderRows(
            self.desk.quotes, self.desk.stores, self.desk.editions, lambda: self.desk.today
        ).own(held, lender)
        if own is None:
            raise LookupError(f"{lender} has no program for deal {self.deal_id}")
        decided = LenderTerms(
            decision_id=str(uuid.uuid4()),
            lender=lender,
            status=status,
            tier=Tier(own.tier),
            rate_bp=own.buy_rate_bp + above_buy_bp,
            advance_max_cents=offer.principal_cents + 1_500_00,
            term_months=offer.term_months,
            stipulations=lenders.stipulations_of(list(stipulations)),
            expires_at=utc_now() + APPROVAL_LASTS,
        )
        await self._record(held, decided)

    async def refusal(self, lender: str, *reasons: Reason) -> None:
        """Record that a lender declined."""
        decided = LenderTerms(
            decision_id=str(uuid.uuid4()), lender=lender, status=LenderStatus.DECLINED, reasons=list(reasons)
        )
        await self._record(await self.held(), decided)

    async def clear_stipulations(self, texts: Sequence[str] | None = None) -> None:
        """Mark stipulations as met: those of ``texts``, or all."""
        for terms_of_lender in (await self.held()).deal.lenders:
            for each in terms_of_lender.stipulations:
                if texts is not None and each.text not in texts:
                    continue
                await lenders.clear_stipulation(
                    self._scope, self.deal_id, each.id, op=uuid.uuid4(), actor=actor_of(self.desk.sales)
                )

    @property
    def _scope(self) -> Any:
        return self.desk.stores.of(self.desk.sales.store_id)

    @property
    def _repricing(self) -> Repricing:
        return Repricing(self.desk.quotes)

    async def _chosen(self, vehicle_id: str) -> dict[str, Any]:
        deal = (await self.held()).at(utc_now())
        offer = await self.desk.quotes.offer(deal, vehicle_id, StructureChanges(), None, self.desk.sales)
        return {"op": uuid.uuid4(), "offer": offer, "actor": actor_of(self.desk.sales)}

    async def _record(self, held: HeldDeal, decided: LenderTerms) -> None:
        others = [each for each in held.at(utc_now()).live_lenders if each.lender != decided.lender]
        live, account = [*others, decided], self.desk.manager
        await lenders.record_lender_decision(
            self._scope,
            self.deal_id,
            op=uuid.uuid4(),
            version=held.deal.version,
            decision=lenders.NewDecision(
                decided,
                await self._repricing.current(held, account, lenders=live),
                await self._repricing.proposal(held, account, lenders=live),
            ),
            actor=actor_of(account),
            today=self.desk.today,
        )

    async def _priced(
        self, held: HeldDeal, account: Account, action: Action, changes: StructureChanges
    ) -> DealOffer | None:
        match action:
            case Action.SUBMIT:
                agreed = await self._repricing.agreed(held, account)
                return agreed or await self._repricing.selected(held, account)
            case Action.COUNTER:
                return await self._repricing.counter(held, account, changes, None)
            case Action.ACCEPT:
                return await self._repricing.proposal(held, account)
            case Action.APPROVE:
                return await self._repricing.agreed(held, account)
            case _:
                return None

    async def _step(
        self,
        held: HeldDeal,
        account: Account,
        reason: Reason,
        more_reasons: Sequence[Reason],
        *,
        priced: DealOffer | None = None,
        changes: StructureChanges | None = None,
    ) -> workflow.Move:
        in_force = await self.desk.editions.in_force(self.desk.today)
        return workflow.Move(
            op=uuid.uuid4(),
            version=held.deal.version,
            reason=reason,
            more_reasons=list(more_reasons),
            actor=actor_of(account),
            today=self.desk.today,
            rates=in_force.rates,
            priced=priced,
            changes=changes or StructureChanges(),
            discount_authority_cents=account.discount_authority_cents,
            product_cost_share_bp=held.deal.product_cost_share_bp,
        )


def _is_desks(action: Action) -> bool:
    """Return whether an action is the desk's alone."""
    return len(TRANSITIONS[action].roles) == 1
