"""``quote`` of the car of a signed deal: its contract, as the pencil was stored."""

from typing import Any

from msgspec import UNSET

from protocol import codec
from protocol.closing import CommandError, ErrorCode
from protocol.commands import Quote
from protocol.deal.agreed import Contract
from protocol.money.quotes import QuoteReply
from server.database.core.scope import RowScope
from server.hub.sight.sight import Sight
from server.hub.sight.views import project_quote

_PENCIL = "SELECT answer FROM pencils WHERE deal_id = $1 AND pencil_id::text = $2"


def asks_for_contract(command: Quote, contract: Contract | None) -> bool:
    """Return whether a quote is about the car that the deal's contract is for.

    Raises CommandError(conflict) if it asks for other terms: a contract has none.
    """
    if contract is None or command.vehicle_id != contract.vehicle_id:
        return False
    if any(True for _ in command.changes.items()) or command.programme_id or command.roll:
        raise CommandError(
            ErrorCode.CONFLICT, "This deal is signed. Its contract cannot be changed.", field="state"
        )
    return True


async def contract_quote(scope: RowScope, deal_id: str, contract: Contract, sight: Sight) -> dict[str, Any]:
    """Return the contract of a deal with its schedule as the reply to ``quote``, projected.

    Its grid is its one cell. A lease or a cash deal has no cell: its figures are those of its kind.
    """
    async with scope.acquire() as database:
        answer: dict[str, Any] = await database.fetchval(_PENCIL, deal_id, contract.pencil_id)
    reply = codec.convert(
        QuoteReply,
        {
            **answer,
            "vehicle_id": contract.vehicle_id,
            "rev": contract.rev,
            "versions": None if contract.versions is UNSET else codec.plain(contract.versions),
            "pencil_id": contract.pencil_id,
            "grid": _grid_of(answer),
        },
    )
    return project_quote(codec.plain(reply), sight)


def _grid_of(answer: dict[str, Any]) -> dict[str, Any]:
    """Return the grid of a contract: the cell of a loan; no cell if nothing is lent."""
    if "payment_cents" not in answer:
        return {
            "terms_months": [],
            "cash_down_cents": [],
            "payment_cents": [],
            "rate_bp": [],
            "eligible": [],
        }
    return {
        "terms_months": [answer["term_months"]],
        "cash_down_cents": [answer["cash_down_cents"]],
        "payment_cents": [[answer["payment_cents"]]],
        "rate_bp": [[answer["rate_bp"]]],
        "eligible": [[True]],
        "npv_cents": [[answer.get("value", {}).get("npv_cents")]],
        "lender": [[answer.get("lender")]],
        "binding": [[None]],
    }
