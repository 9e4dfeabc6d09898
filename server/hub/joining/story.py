"""A deal's story as a view shows it."""

from collections.abc import Sequence
from typing import Any

from protocol import codec
from protocol.closing import CommandError, ErrorCode
from protocol.deal.agreed import HistoryPage
from protocol.records import View
from server.database.core.scope import RowScope
from server.database.deals.story import Told, story_page
from server.hub.sight.sight import Sight
from server.hub.sight.views import project_told


def history_of(story: Sequence[Told], before: int, sight: Sight) -> HistoryPage:
    """Return events of a deal as a page, projected; ``before`` events of it are not newer than they are.

    A deal's first event is number 1.
    """
    events: list[dict[str, Any]] = []
    for told in story:
        fields = project_told(codec.decode(told.body), sight)
        fields.pop("channel", None)
        events.append({"no": told.no, **fields})
    return HistoryPage(events=events, more=(story[0].no - 1 if story else before) > 0)


async def older_history(
    scope: RowScope, deal_id: str, before: int | None, limit: int, sight: Sight
) -> HistoryPage:
    """Return a page of a deal's events, read from Postgres.

    Raises CommandError(forbidden) for the customer's view: it shows what stands on paper.
    """
    if sight.view is View.CUSTOMER:
        raise CommandError(ErrorCode.FORBIDDEN, "The customer view has no history.", field="channel")
    async with scope.acquire() as database:
        story = await story_page(database, deal_id, before, limit)
    return history_of(story, 0, sight)
