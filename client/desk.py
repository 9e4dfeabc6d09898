"""Client commands for what salesperson and desk do on one deal."""

import datetime as dt
import uuid
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from protocol import codec, commands
from protocol.commands import AnyCommand
from protocol.deal.agreed import AgreedFigures, LenderEffectReply
from protocol.deal.customers import CustomerChanges
from protocol.deal.structure import StructureChanges
from protocol.deal.workflow import Action, Closing, LenderStatus, Reason
from protocol.records import BasisPoints, Tier

_COMMANDS: dict[Action | Closing, Callable[..., AnyCommand]] = {
    Action.SUBMIT: commands.Submit,
    Action.COUNTER: commands.Counter,
    Action.APPROVE: commands.Approve,
    Action.DECLINE: commands.Decline,
    Action.REOPEN: commands.Reopen,
    Action.SIGN: commands.Sign,
    Action.LOSE: commands.Lose,
    Action.ACCEPT: commands.Accept,
    Closing.DELIVER: commands.Deliver,
    Closing.FUND: commands.Fund,
    Closing.UNWIND: commands.Unwind,
}


class Desk:
    """The desk's commands of one deal; every one raises CommandError if the server refuses it.

    ``op`` identifies a command, so that a program can resend it after a restart without doing it twice.
    """

    def __init__(
        self,
        channel: str,
        request: Callable[[AnyCommand], Awaitable[dict[str, Any]]],
        version: Callable[[], int],
    ) -> None:
        self._channel = channel
        self._request = request
        self._version = version

    async def select(
        self,
        vehicle_id: str,
        changes: StructureChanges | None = None,
        *,
        programme_id: str | None = None,
        op: uuid.UUID | None = None,
    ) -> int:
        """Put a car, priced with ``changes``, on the deal; return the deal's version."""
        given = {"changes": changes or StructureChanges(), "programme_id": programme_id}
        return int((await self._send(commands.Select, op, vehicle_id=vehicle_id, **given))["version"])

    async def pin(
        self, vehicle_id: str, changes: StructureChanges | None = None, *, op: uuid.UUID | None = None
    ) -> int:
        """Pin an offer; return the deal's version."""
        given = {"changes": changes or StructureChanges()}
        return int((await self._send(commands.Pin, op, vehicle_id=vehicle_id, **given))["version"])

    async def unpin(self, vehicle_id: str, *, op: uuid.UUID | None = None) -> int:
        """Unpin an offer; return the deal's version."""
        return int((await self._send(commands.Unpin, op, vehicle_id=vehicle_id))["version"])

    async def hold(self, vehicle_id: str, *, op: uuid.UUID | None = None) -> str:
        """Hold a car for the deal; return until when."""
        return str((await self._send(commands.Hold, op, vehicle_id=vehicle_id))["until"])

    async def release(self, vehicle_id: str, *, op: uuid.UUID | None = None) -> None:
        """Release a car."""
        await self._send(commands.Release, op, vehicle_id=vehicle_id)

    async def act(
        self,
        action: Action | Closing,
        reason: Reason,
        *,
        version: int | None = None,
        more_reasons: Sequence[Reason] = (),
        changes: StructureChanges | None = None,
        programme_id: str | None = None,
        figures: AgreedFigures | None = None,
        op: uuid.UUID | None = None,
    ) -> dict[str, Any]:
        """Move the deal or its contract, based on ``version`` (the state's, if left out); return the answer.

        ``changes`` and ``programme_id`` are a counter's. With ``figures``, those that the person saw, the
        server refuses a decision about others.
        """
        given: dict[str, Any] = {"changes": changes, "programme_id": programme_id}
        given = {name: value for name, value in given.items() if value is not None}
        if figures is not None:
            given["figures"] = codec.convert(commands.SeenFigures, codec.plain(figures))
        return await self._send(
            _COMMANDS[action],
            op,
            version=self._version() if version is None else version,
            reason=reason,
            more_reasons=list(more_reasons),
            **given,
        )

    async def lock(self, field: str, *, op: uuid.UUID | None = None) -> int:
        """Lock a field for the desk; return the deal's version."""
        return int((await self._send(commands.Lock, op, field=field))["version"])

    async def unlock(self, field: str, *, op: uuid.UUID | None = None) -> int:
        """Unlock a field; return the deal's version."""
        return int((await self._send(commands.Unlock, op, field=field))["version"])

    async def note(self, text: str, *, op: uuid.UUID | None = None) -> str:
        """Write a note; return its id."""
        return str((await self._send(commands.Note, op, text=text))["note_id"])

    async def lender_decision(
        self,
        lender: str,
        status: LenderStatus,
        *,
        version: int | None = None,
        tier: Tier | None = None,
        rate_bp: float | None = None,
        advance_max_cents: int | None = None,
        term_months: int | None = None,
        stipulations: Sequence[str] = (),
        expires_at: dt.datetime | None = None,
        reasons: Sequence[Reason] = (),
        op: uuid.UUID | None = None,
    ) -> str:
        """Record what a lender decided; return the decision's id."""
        answer = await self._send(
            commands.LenderDecision,
            op,
            version=self._version() if version is None else version,
            lender=lender,
            status=status,
            tier=tier,
            rate_bp=rate_bp,
            advance_max_cents=advance_max_cents,
            term_months=term_months,
            stipulations=list(stipulations),
            expires_at=expires_at,
            reasons=list(reasons),
        )
        return str(answer["decision_id"])

    async def lender_effect(
        self,
        lender: str,
        status: LenderStatus | None = None,
        *,
        tier: Tier | None = None,
        rate_bp: float | None = None,
        advance_max_cents: int | None = None,
        term_months: int | None = None,
    ) -> LenderEffectReply:
        """Return what recording a lender's decision would do to the selected offer, and the lender's own
        programme.
        """
        asked = commands.LenderEffect(
            ref=0,
            channel=self._channel,
            lender=lender,
            status=status,
            tier=tier,
            rate_bp=None if rate_bp is None else BasisPoints(rate_bp),
            advance_max_cents=advance_max_cents,
            term_months=term_months,
        )
        return codec.convert_known(LenderEffectReply, await self._request(asked))

    async def clear_stipulation(self, stipulation_id: str, *, op: uuid.UUID | None = None) -> int:
        """Mark a stipulation as met; return the deal's version."""
        answer = await self._send(commands.ClearStipulation, op, stipulation_id=stipulation_id)
        return int(answer["version"])

    async def assign(
        self, salesperson_id: str, *, version: int | None = None, op: uuid.UUID | None = None
    ) -> int:
        """Give the deal to another person of its store, based on ``version``; return the deal's version."""
        based_on = self._version() if version is None else version
        answer = await self._send(commands.Assign, op, version=based_on, salesperson_id=salesperson_id)
        return int(answer["version"])

    async def finish_task(self, task_id: str, *, op: uuid.UUID | None = None) -> int:
        """Mark a task as done; return the deal's version."""
        return int((await self._send(commands.FinishTask, op, task_id=task_id))["version"])

    async def customer(
        self, changes: CustomerChanges, *, version: int | None = None, op: uuid.UUID | None = None
    ) -> int:
        """Change what the store knows of the customer, based on ``version``; return the deal's version."""
        based_on = self._version() if version is None else version
        answer = await self._send(commands.ChangeCustomer, op, version=based_on, changes=changes)
        return int(answer["version"])

    async def request_appraisal(self, trade_id: str, *, op: uuid.UUID | None = None) -> int:
        """Ask the desk to appraise a trade; return the deal's version."""
        return int((await self._send(commands.RequestAppraisal, op, trade_id=trade_id))["version"])

    async def _send(
        self, command: Callable[..., AnyCommand], op: uuid.UUID | None, **fields: Any
    ) -> dict[str, Any]:
        return await self._request(command(ref=0, channel=self._channel, op=op or uuid.uuid4(), **fields))
