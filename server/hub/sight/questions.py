"""Which questions about a car a view that hides NPVs may ask, and how many.

Such a view shows whether a structure is acceptable. Its edge is blurred (``floor_guard``). In addition,
questions may not exceed the seller's authority, and different questions about one car are counted.
"""

from typing import Final

from protocol import codec
from protocol.closing import CommandError, ErrorCode
from protocol.deal.structure import Structure, StructureChanges
from protocol.records import View
from server.counts.distinct import Distinct
from server.database.deals.deals import Deal
from server.database.decisions.edits.trades import check_trades_kept
from server.database.people.users import Account
from server.hub.sight.asking import not_here, unsettable_fields
from server.hub.sight.sight import Sight

MOST_QUESTIONS: Final = 100
QUESTIONS_SECONDS: Final = 10 * 60


class Questions:
    """Bounds the different questions of a person about a car."""

    def __init__(self, distinct: Distinct) -> None:
        self._distinct = distinct

    async def check(
        self, deal: Deal, account: Account, sight: Sight, vehicle_id: str, asked: object = None
    ) -> None:
        """Count a question; ``asked`` is its content other than the deal's structure.

        Raises CommandError(rate_limited) beyond the limit.
        """
        if sight.guard is None:
            return
        what = codec.encode([deal.structure, asked])
        wait = await self._distinct.add(
            f"{account.id} {vehicle_id}",
            what,
            most=MOST_QUESTIONS,
            window_seconds=QUESTIONS_SECONDS,
        )
        if wait:
            raise CommandError(
                ErrorCode.RATE_LIMITED,
                f"You have asked {MOST_QUESTIONS} different questions about this car. Ask again in"
                f" {-(-wait // 60)} minutes.",
                field="vehicle_id",
                retry_after_seconds=wait,
            )


def check_conceded(
    changes: StructureChanges, sight: Sight, authority_cents: int, structure: Structure
) -> None:
    """Raise CommandError(forbidden) if a view that hides NPVs sets a discount above the rest of the seller's
    authority after the rebates of ``structure``, and above the current discount.
    """
    if sight.guard is None or not isinstance(changes.discount_cents, int):
        return
    left = max(0, authority_cents - structure.rebate_cents)
    if changes.discount_cents > max(left, structure.discount_cents):
        raise CommandError(
            ErrorCode.FORBIDDEN,
            f"The seller's authority ends at ${left / 100:,.2f}. Ask the desk for more.",
            field="discount_cents",
        )


def check_trades(changes: StructureChanges, view: View, structure: Structure) -> None:
    """Raise CommandError(forbidden) if a view that hides cash values asks about a deal without a trade that
    has one.
    """
    if view is not View.MANAGER:
        check_trades_kept(changes, structure)


def check_visible(changes: StructureChanges, view: View) -> None:
    """Raise CommandError(forbidden) if ``changes`` set what may not be set in the view."""
    refused = unsettable_fields(changes, view)
    if refused:
        raise not_here(refused[0])
