"""Client commands for what a deal shows to its customer."""

import uuid
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from protocol import codec, commands
from protocol.commands import DEFAULT_HOURS, AnyCommand
from protocol.deal.presenting import PresentationReply, ShareReply, ShownCell
from protocol.records import DealKind


class Presenting:
    """What one deal shows to its customer; every command raises CommandError if the server refuses it.

    ``op`` identifies a command, so that a program can resend it after a restart without doing it twice.
    """

    def __init__(self, channel: str, request: Callable[[AnyCommand], Awaitable[dict[str, Any]]]) -> None:
        self._channel = channel
        self._request = request

    async def show(self) -> PresentationReply:
        """Return everything that the customer is shown."""
        reply = await self._request(commands.ShowPresentation(ref=0, channel=self._channel))
        return codec.convert_known(PresentationReply, reply)

    async def present(
        self,
        *,
        vehicle_ids: Sequence[str] = (),
        cash_down_cents: Sequence[int] = (),
        terms_months: Sequence[int] = (),
        kinds: Sequence[DealKind] = (),
        op: uuid.UUID | None = None,
    ) -> None:
        """Choose what the customer is shown; what is left out is the deal's own."""
        await self._send(
            commands.PresentOffer,
            op,
            vehicle_ids=list(vehicle_ids),
            cash_down_cents=list(cash_down_cents),
            terms_months=list(terms_months),
            kinds=list(kinds),
        )

    async def share(self, *, hours: int = DEFAULT_HOURS, op: uuid.UUID | None = None) -> ShareReply:
        """Make a link for the customer. Its token is in the answer only."""
        return codec.convert_known(ShareReply, await self._send(commands.Share, op, hours=hours))

    async def unshare(self, link_id: str, *, op: uuid.UUID | None = None) -> None:
        """Revoke a link; pages that are open by it close at once."""
        await self._send(commands.Unshare, op, link_id=link_id)

    async def like(
        self, vehicle_id: str, kind: DealKind, cell: ShownCell, *, op: uuid.UUID | None = None
    ) -> str:
        """Record that the customer, in person, likes a cell; return the acceptance's id."""
        reply = await self._send(
            commands.Like,
            op,
            vehicle_id=vehicle_id,
            kind=kind,
            term_months=cell.term_months,
            cash_down_cents=cell.cash_down_cents,
            figures=cell.figures,
        )
        return str(reply["acceptance_id"])

    async def _send(
        self, command: Callable[..., AnyCommand], op: uuid.UUID | None, /, **fields: object
    ) -> dict[str, Any]:
        return await self._request(command(ref=0, channel=self._channel, op=op or uuid.uuid4(), **fields))
