"""Handlers for lenders' decisions, as the desk enters them."""

import datetime as dt
from collections.abc import Callable

from msgspec import structs

from protocol import codec, commands
from protocol.deal.agreed import GUARDED, FiguresChange, LenderEffectReply, figures_of
from protocol.deal.deal_parts import DealOffer
from protocol.deal.workflow import LenderStatus
from protocol.records import DealState, View
from server.clock import utc_now
from server.database.core.scope import StoreScopes
from server.database.decisions.agreement import lenders
from server.hub.channels.live_deal import HeldDeal
from server.hub.commands.desk_answers import DeskAnswers
from server.hub.commands.lending.terms import as_terms, hypothetical_terms, terms_of
from server.hub.commands.offer_pricing import Repricing
from server.hub.commands.quoting.lender_rows import LenderRows
from server.hub.commands.registration import handles
from server.hub.connections.authority import Authority, actor_of, view_of
from server.hub.connections.connection import Connection
from server.hub.sight.asking import not_here


class LenderHandlers:
    """What the commands about lenders do."""

    def __init__(
        self,
        *,
        stores: StoreScopes,
        authority: Authority,
        answers: DeskAnswers,
        rows: LenderRows,
        repricing: Repricing,
        today: Callable[[], dt.date] = lambda: utc_now().date(),
    ) -> None:
        self._stores = stores
        self._authority = authority
        self._answers = answers
        self._lender_rows = rows
        self._repricing = repricing
        self._today = today

    @handles(commands.ClearStipulation)
    async def clear_stipulation(self, connection: Connection, command: commands.ClearStipulation) -> None:
        """Mark a stipulation as met."""
        await self._answers.decide(connection, command, lenders.clear_stipulation, command.stipulation_id)

    @handles(commands.LenderDecision)
    async def lender_decision(self, connection: Connection, command: commands.LenderDecision) -> None:
        """Record a lender's decision, with the selected offer repriced."""
        held = await self._authority.held(connection.account, command)
        asked = lenders.asked_for(as_terms(command))
        pricing = self._lender_decision(connection, command, held)
        decision = await self._answers.unless_answered(connection, command, held.deal, asked, pricing)
        if decision is None:
            return
        decided = await lenders.record_lender_decision(
            self._stores.of(held.deal.store_id),
            held.deal.id,
            op=command.op,
            version=command.version,
            decision=decision,
            actor=actor_of(connection.account),
            today=self._today(),
        )
        await self._answers.tell(connection, command, decided)

    @handles(commands.LenderEffect)
    async def lender_effect(self, connection: Connection, command: commands.LenderEffect) -> None:
        """Say what a lender's decision would do to the selected offer."""
        held = await self._authority.held(connection.account, command)
        if view_of(connection, command.channel) is not View.MANAGER:
            raise not_here("rate_bp")
        offer = held.whole.selected
        reply = LenderEffectReply(programme=await self._lender_rows.own(held, command.lender))
        if offer is not None and command.status is not None:
            reply = await self._effect(reply, command, held, offer)
        connection.reply(command.ref, codec.plain(reply))

    async def _effect(
        self, reply: LenderEffectReply, command: commands.LenderEffect, held: HeldDeal, offer: DealOffer
    ) -> LenderEffectReply:
        asked = hypothetical_terms(command)
        others = [each for each in held.at(utc_now()).live_lenders if each.lender != asked.lender]
        live = others if asked.status is LenderStatus.WITHDRAWN else [*others, asked]
        old = held.whole.agreed or figures_of(offer)
        if held.whole.state is DealState.SIGNED:
            npv = _npv_of(offer)
            same = FiguresChange(old=old, new=old)
            return structs.replace(reply, figures=same, npv_cents=npv, new_npv_cents=npv)
        priced, _ = await self._repricing.under_lenders(held, None, live)
        new = None if priced is None else figures_of(priced)
        return structs.replace(
            reply,
            figures=FiguresChange(old=old, new=new),
            npv_cents=_npv_of(offer),
            new_npv_cents=None if priced is None else _npv_of(priced),
            returns=held.whole.state in GUARDED and new != old,
        )

    async def _lender_decision(
        self, connection: Connection, command: commands.LenderDecision, held: HeldDeal
    ) -> lenders.NewDecision:
        terms = terms_of(command)
        others = [each for each in held.at(utc_now()).live_lenders if each.lender != terms.lender]
        counts = terms.status is not LenderStatus.WITHDRAWN
        live = [*others, terms] if counts else others
        priced = await self._repricing.under_lenders(held, connection.account, live)
        return lenders.NewDecision(terms, *priced)


def _npv_of(offer: DealOffer) -> int | None:
    """Return the value of an offer; None if the cost of its car is unknown."""
    return offer.npv_cents if isinstance(offer.npv_cents, int) else None
