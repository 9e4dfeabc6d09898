"""Named scenarios of a deal: whole structures beside its own, each priced for a car.

A scenario keeps the structure that it was made from, whatever the deal's becomes. One of them may be the
deal's: the one that was put on it last, until the deal or the scenario differs.
"""

import datetime as dt
from collections.abc import Sequence
from typing import Annotated, Any, Final

import msgspec
from msgspec import UNSET, Meta

from protocol.deal.deal_parts import DealOffer
from protocol.deal.workflow import Reason
from protocol.records import Actor
from protocol.texts import ONE_LINE

MAX_SCENARIOS: Final = 6
"""The most scenarios of a deal: what a person compares side by side."""

SCENARIOS_BYTES: Final = 40 * 1024
"""The most bytes that a deal's scenarios may take in its snapshot."""

MAX_NAME_CHARACTERS: Final = 40
ScenarioName = Annotated[str, Meta(min_length=1, max_length=MAX_NAME_CHARACTERS, pattern=ONE_LINE)]

# The deal is A.
_LETTERS: Final = "BCDEFGHIJKLMNOPQRSTUVWXYZ"


class ScenarioRefusal(msgspec.Struct, frozen=True, kw_only=True):
    """Why a scenario has no offer, in words. ``binding`` is the limit in the way, if one is."""

    message: str
    binding: str | None = None


class Scenario(msgspec.Struct, frozen=True, kw_only=True):
    """A structure beside the deal's own, for the car ``vehicle_id`` (null: for no car yet).

    ``version`` grows with each change of the scenario. ``structure`` is whole, as the view shows it;
    ``changes`` and ``programme_id`` are what its offer asks for on top, as a ``select`` does. ``offer`` has
    its figures with their versions, else ``refusal`` says why there are none. ``outdated`` is why the figures
    may be others today. ``of_the_deal`` while it is what is on the deal. ``by`` changed it last, at ``at``.
    """

    id: str
    name: str
    version: int
    vehicle_id: str | None = None
    structure: dict[str, Any]
    changes: dict[str, Any] = {}
    programme_id: str | None = None
    offer: DealOffer | None = None
    refusal: ScenarioRefusal | None = None
    outdated: Reason | None = None
    of_the_deal: bool = False
    by: Actor
    at: dt.datetime


def next_name(taken: Sequence[str]) -> str:
    """Return the default name of a new scenario: "Scenario B" for the first, as the deal is A."""
    used = {name_key(name) for name in taken}
    return next(name for name in map("Scenario {}".format, _LETTERS) if name_key(name) not in used)


def name_key(name: str) -> str:
    """Return what two names of one deal must not share: letter case and spaces make no difference."""
    return tidy_name(name).casefold()


def tidy_name(name: str) -> str:
    """Return a name as it is stored: without spaces around it or more than one between words."""
    return " ".join(name.split())


def same_figures(before: DealOffer | None, offer: DealOffer) -> bool:
    """Return whether two offers are the same to the customer: a new value alone makes no other scenario."""
    return before is not None and _figures(before) == _figures(offer)


def _figures(offer: DealOffer) -> tuple[object, ...]:
    cash = None if offer.cash is UNSET else offer.cash.out_the_door_cents
    return (
        *(offer.vehicle_id, offer.payment_cents, offer.term_months, offer.rate_bp),
        *(offer.cash_down_cents, offer.discount_cents, cash),
    )
