"""What a search asks: two searches with equal questions have the same answer at the same time. Pure."""

import datetime as dt
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Final, NewType

from protocol import codec
from protocol.events import Rejection
from protocol.records import Filters, Sort
from server.database.deals.deals import CustomerRecord, Deal
from server.database.editions.versions import InForce
from server.log.search_log import Progress
from server.search.sql.statement import Keyset

Question = NewType("Question", bytes)
"""A digest of everything that an answer depends on, except what ``AsOf`` holds."""

DIGEST_BYTES: Final = 16

# What of a deal no match and no offer depends on. A field that is added later belongs to the question.
_NO_PART: Final = {
    "id",
    "state",
    "version",
    "last_no",
    "salesperson",
    "selected_offer",
    # Those that are valid count: ``live_lenders``.
    "lenders",
}
_NO_PART_OF_CUSTOMER: Final = {"id", "name", "facts"}
_OF_DEAL: Final = tuple(sorted({field.name for field in fields(Deal)} - _NO_PART - {"customer"}))
_OF_CUSTOMER: Final = tuple(sorted({field.name for field in fields(CustomerRecord)} - _NO_PART_OF_CUSTOMER))


@dataclass(frozen=True, slots=True)
class AsOf:
    """The state of the world that an answer is computed from: the day, the editions in force, and the version
    of the stock.
    """

    today: dt.date
    in_force: InForce
    inventory: int


def question_of(
    deal: Deal,
    filters: Filters,
    sort: Sort,
    limit: int,
    *,
    after: Keyset | None = None,
    base: Progress = Progress(0, 0, 0),  # noqa: B008 - immutable
    rejected: Sequence[Rejection] = (),
) -> Question:
    """Return the question of a page: up to ``limit`` matches after ``after``, whose counts continue those of
    the pages before it.
    """
    customer = deal.customer
    asked: list[Any] = [
        [getattr(deal, name) for name in _OF_DEAL],
        [getattr(customer, name) for name in _OF_CUSTOMER],
        filters,
        sort,
        limit,
    ]
    if after is not None:
        asked += [after.position, after.vehicle_id, base.scanned, base.matched, base.chunks]
        asked += rejected
    return Question(hashlib.blake2b(codec.encode(asked), digest_size=DIGEST_BYTES).digest())
