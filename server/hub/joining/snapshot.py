"""The snapshot for a join: deal and search at once, rows as the socket drains."""

from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec
from msgspec import UNSET

from protocol import codec
from protocol.events import (
    CLAIM_COLUMNS,
    MAX_MESSAGE_BYTES,
    OFFER_COLUMNS,
    ON_SALE,
    DealSnapshot,
    Present,
    Rejection,
    SearchSnapshot,
    Snapshot,
    SnapshotEnd,
    SnapshotRows,
)
from protocol.records import View
from server.database.deals.story import KEPT_STORY_BYTES, kept_story
from server.hub.channels.live_deal import HeldDeal
from server.hub.joining.story import history_of
from server.hub.sight import asking, link_seen, parts_seen, rows_seen, views
from server.hub.sight.sight import Sight, value_as_seen
from server.log.search_log import Chunk, SearchLog, SearchState

ROWS_PER_PART: Final = 500
ENVELOPE_BYTES: Final = 4 * 1024
"""The bytes of a reply to ``join`` around its snapshot, and of what events gain as history."""

_OFFERED: Final = tuple(name for name in OFFER_COLUMNS if name not in {"vehicle_id", "rev"})


def snapshot_of(
    held: HeldDeal, search: SearchState | None, sight: Sight, here: Sequence[Present] = ()
) -> Snapshot:
    """Return the projected state of a deal's channel, without rows.

    ``here`` lists the people present, as the view sees them.
    """
    view, whole = sight.view, held.whole
    seen = msgspec.structs.replace(
        whole,
        customer=views.project_customer(whole.customer, view),
        structure=parts_seen.project_structure(whole.structure, view),
        presence=list(here),
    )
    snapshot = Snapshot(
        deal=codec.convert(DealSnapshot, views.project_deal(codec.plain(seen), sight)),
        search=None if search is None else _search_snapshot(search, sight),
    )
    if sight.is_link:
        return Snapshot(deal=link_seen.deal_seen_by_link(snapshot.deal or seen), search=None)
    if view is View.CUSTOMER:
        return snapshot
    # The rest of a deal has bounds of its own; its story takes what they leave of a message.
    left = MAX_MESSAGE_BYTES - ENVELOPE_BYTES - len(codec.encode(snapshot))
    story = kept_story(held.story, size=min(left, KEPT_STORY_BYTES))
    return msgspec.structs.replace(snapshot, history=history_of(story, held.deal.last_no, sight))


def _search_snapshot(search: SearchState, sight: Sight) -> SearchSnapshot:
    snapshot = SearchSnapshot(
        search_id=search.search_id,
        filters=views.shown_filters(search.filters, sight.view),
        sort=search.sort if asking.shows_sort(search.sort, sight.view) else UNSET,
        scanned=search.scanned,
        matched=search.matched,
        valued=search.valued,
        failed=search.failed,
        ended=search.ended,
        next=search.next,
    )
    if not views.shows_workings(sight.view):
        return snapshot
    rejected = [codec.convert(Rejection, value_as_seen(limit, sight)) for limit in search.rejected]
    return msgspec.structs.replace(snapshot, rejected=rejected, trace=search.trace, spans=search.spans)


async def snapshot_rows(
    searches: SearchLog,
    channel: str,
    ref: int,
    search_id: str | None,
    sight: Sight,
    *,
    changes: Mapping[str, dict[str, Any]],
) -> AsyncGenerator[bytes]:
    """Yield the messages with the rows of a search, and the end; stop early if a newer search took over.

    ``changes`` are the changes of cars since they were matched. Raises RedisError.
    """
    part = 0
    if search_id is not None:
        async for chunk in searches.chunks(channel, search_id):
            merged = changed_columns(merged_columns(chunk), changes) if changes else merged_columns(chunk)
            columns = rows_seen.project_rows(merged, sight)
            for message in row_parts(channel, ref, part, columns):
                yield message
                part += 1
    yield codec.encode(SnapshotEnd(channel=channel, ref=ref))


def merged_columns(chunk: Chunk) -> dict[str, list[Any]]:
    """Return a chunk's matches with the columns of its offers beside them, in full.

    ``valued`` is true if a worker has valued the car, false if it is pending, null if it failed.
    """
    matches = chunk.matches
    columns = dict(matches)
    places = list(zip(matches["vehicle_id"], matches["rev"], strict=True))
    rows: dict[tuple[str, int], int] = {}
    if chunk.offers is not None:
        offered = zip(chunk.offers["vehicle_id"], chunk.offers["rev"], strict=True)
        rows = {place: row for row, place in enumerate(offered)}
    for name in _OFFERED:
        found = chunk.offers.get(name) if chunk.offers is not None else None
        columns[name] = [
            found[rows[place]] if found is not None and place in rows else None for place in places
        ]
    columns["valued"] = [None if chunk.failed else place in rows for place in places]
    return columns


def changed_columns(
    columns: dict[str, list[Any]], changes: Mapping[str, dict[str, Any]]
) -> dict[str, list[Any]]:
    """Return rows with the changes of their cars: sold cars are removed, repriced ones are pending."""
    kept: list[dict[str, Any]] = []
    for cells in zip(*columns.values(), strict=True):
        row = dict(zip(columns, cells, strict=True)) | dict.fromkeys(CLAIM_COLUMNS)
        change = changes.get(row["vehicle_id"])
        if change is None or change["rev"] < row["rev"]:
            kept.append(row)
        elif change["status"] in ON_SALE:
            if change["rev"] > row["rev"]:
                row |= dict.fromkeys(_OFFERED) | {"valued": False}
            kept.append(row | {name: change[name] for name in ("rev", "price_cents", *CLAIM_COLUMNS)})
    return {name: [row[name] for row in kept] for name in (*columns, *CLAIM_COLUMNS)}


def row_parts(channel: str, ref: int, part: int, columns: dict[str, list[Any]]) -> Iterator[bytes]:
    """Yield ``snapshot_rows``: one message if the columns fit, else as many as needed."""
    rows = len(next(iter(columns.values())))
    if not rows:
        return
    if rows <= ROWS_PER_PART:
        message = codec.encode(SnapshotRows(channel=channel, ref=ref, part=part, rows=rows, columns=columns))
        if len(message) <= MAX_MESSAGE_BYTES or rows == 1:
            yield message
            return
    half = min(ROWS_PER_PART, (rows + 1) // 2)
    for cut in (slice(half), slice(half, None)):
        for message in row_parts(channel, ref, part, {name: column[cut] for name, column in columns.items()}):
            yield message
            part += 1
