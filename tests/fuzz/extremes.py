"""Random commands whose every value stands at a limit of its type, and now and then just beyond it.

Read off the types themselves, as ``tests.protocol.strategies`` is: a field that is added is drawn from then
on without a change here. What a command must name to be more than refused (a deal, a car, the version, a
search) comes from ``Known``.
"""

import datetime as dt
import random
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

import msgspec
from msgspec import inspect as shape

from protocol import codec
from protocol.commands import COMMAND_TYPES, Command, tag_of
from protocol.deal.structure import (
    FIRST_DATE,
    LAST_DATE,
    Structure,
    StructureChanges,
    StructureError,
    revised,
)
from protocol.records import MAX_CENTS, BasisPoints, View
from server.database.deals.new_deals import FIRST_TRADE
from server.hub.sight.visible import STRUCTURE_FIELDS

Message = dict[str, Any]

ONE_FIELD_BEYOND: Final = 0.15
"""The share of commands with a value beyond its limits: most must reach the code behind the checks."""

CONSISTENT: Final = 0.95
"""The chance that each contradiction is mended."""

CORNERS: Final = 0.7
"""The share of structures that are a corner: fields of one formula, each at one end."""

REPEATED_OP: Final = 0.08
HEAVY: Final = frozenset({"search", "quote", "frontier", "terms", "select", "counter"})
"""Commands that price or search: drawn four times as often."""

TOGETHER: Final = (
    ("payoff_cents", "payoff_per_diem_cents", "payoff_good_through", "contract_date"),
    ("payoff_per_diem_cents", "payoff_good_through", "contract_date", "first_payment_date"),
    ("trades", "contract_date", "trade_credit", "trade_credit_cap_cents", "tax_rate_bp"),
    ("rate_bp", "rate_reason", "term_months", "day_count", "contract_date", "first_payment_date"),
    ("price_cents", "discount_cents", "rebate_cents", "trade_allowance_cents", "cash_down_cents"),
    ("cash_down_cents", "cash_down_max_cents", "payment_min_cents", "payment_max_cents", "terms_months"),
    ("fees_cents", "taxable_fees_cents", "doc_fee_cents", "tax_rate_bp", "rebate_reduces_tax"),
    ("trade_credit", "trade_credit_cap_cents", "trade_allowance_cents", "trade_acv_cents", "tax_rate_bp"),
)
"""Fields of a structure that one formula reads: extreme together."""

DATES: Final = (FIRST_DATE, dt.date(2000, 2, 29), dt.date(2026, 12, 31), LAST_DATE)
DATES_BEYOND: Final = (dt.date.min, FIRST_DATE - dt.timedelta(1), LAST_DATE + dt.timedelta(1), dt.date.max)
TIMES: Final = (
    "0001-01-01T00:00:00Z",
    "2026-06-30T23:59:59.999999Z",
    "2100-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59Z",
)
EDGES: Final = {
    "low": (Decimal(0), Decimal("0.01")),
    "high": (Decimal("9999.99"), Decimal(10_000)),
    "beyond": (Decimal("-0.01"), Decimal("10000.01")),
}


@dataclass
class Known:
    """What is there to be named, kept current from the replies."""

    channels: list[str]
    vehicles: list[str]
    people: list[str] = field(default_factory=lambda: [str(uuid.UUID(int=0))])
    versions: dict[str, int] = field(default_factory=dict)
    searches: dict[str, str] = field(default_factory=dict)
    scenarios: dict[str, str] = field(default_factory=dict)
    scenario_versions: dict[str, int] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)

    def hear(self, command: Message, data: Message) -> None:
        """Take note of what a reply says of a deal."""
        channel = command.get("channel", "")
        if isinstance(data.get("version"), int):
            self.versions[channel] = data["version"]
        if isinstance(data.get("search_id"), str):
            self.searches[channel] = data["search_id"]
        if isinstance(data.get("scenario_id"), str):
            self.scenarios[channel], self.scenario_versions[channel] = data["scenario_id"], 1
        if isinstance(data.get("scenario_version"), int):
            self.scenario_versions[channel] = data["scenario_version"]
        if isinstance(data.get("link_id"), str):
            self.links[channel] = data["link_id"]


class Extremes:
    """Draws commands and structures: the same from the same seed, but for what replies tell ``Known``."""

    def __init__(
        self, seed: int, known: Known, view: View, kinds: Sequence[type[Command]] = COMMAND_TYPES
    ) -> None:
        self._shown = STRUCTURE_FIELDS[view]
        self._random = random.Random(seed)
        self._ops: list[str] = []
        self._known = known
        self._kinds = [kind for kind in kinds for _ in range(4 if tag_of(kind) in HEAVY else 1)]

    def command(self, channel: str) -> Message:
        """Return a command about ``channel``, without ``ref``."""
        kind = self._random.choice(self._kinds)
        drawn = {"type": tag_of(kind), **self._fields(kind)}
        for name, value in self._named(kind, channel).items():
            if name in drawn and self._random.random() < 0.9:
                drawn[name] = value
        if self._random.random() < ONE_FIELD_BEYOND:
            self._go_beyond(kind, drawn)
        return drawn

    def structure(self) -> Message:
        """Return a structure's changes: some fields, all, or one of the groups that belong together.

        Most contradict nothing, so that they are computed with; of the others the server says which field.
        """
        kinds = {one.name: one.type for one in _struct(StructureChanges).fields if one.name in self._shown}
        if self._random.random() < CORNERS:
            names = [name for name in self._random.choice(TOGETHER) if name in kinds]
            changes = {name: self._end(kinds[name]) for name in names}
        else:
            names = self._random.sample(sorted(kinds), self._random.choice((0, 1, 4, len(kinds))))
            changes = {name: self._value(kinds[name]) for name in names}
        if changes.get("rate_bp") is not None:
            changes.setdefault("rate_reason", "promotion")
        while self._random.random() < CONSISTENT:
            try:
                revised(Structure(), codec.decode_as(StructureChanges, codec.encode(changes)))
                break
            except StructureError as error:
                changes.pop(error.field.partition(".")[0], None)
        return changes

    def _named(self, kind: type[Command], channel: str) -> Message:
        """Return what a command needs to be about something that is there."""
        op = str(uuid.UUID(int=self._random.getrandbits(128), version=4))
        if self._ops and self._random.random() < REPEATED_OP:
            op = self._random.choice(self._ops)
        self._ops.append(op)
        vehicle = self._random.choice(self._known.vehicles)
        several = [vehicle] * self._random.choice((1, 2, 500))
        of_scenario = "scenario_id" in kind.__struct_fields__
        versions = self._known.scenario_versions if of_scenario else self._known.versions
        return {
            "channel": channel,
            "op": op,
            "version": versions.get(channel, 0),
            "vehicle_id": several if tag_of(kind) == "revalue" else vehicle,
            "search_id": self._known.searches.get(channel, "s"),
            "field": self._random.choice(Structure.__struct_fields__),
            "trade_id": FIRST_TRADE,
            "salesperson_id": self._random.choice(self._known.people),
            "scenario_id": self._known.scenarios.get(channel, "s"),
            "source": self._known.scenarios.get(channel),
            "link_id": self._known.links.get(channel, "l"),
        }

    def _fields(self, kind: type[msgspec.Struct]) -> Message:
        """Return values for all required fields and some of the others, perhaps all."""
        share = self._random.choice((0.0, 0.5, 1.0))
        drawn = {}
        for one in _struct(kind).fields:
            is_drawn = one.required or one.name == "changes" or self._random.random() < share
            if one.name != "ref" and is_drawn:
                drawn[one.encode_name] = self._value(one.type)
        return drawn

    def _go_beyond(self, kind: type[Command], drawn: Message) -> None:
        """Replace the value of one field by one that its type does not take."""
        types = {one.encode_name: one.type for one in _struct(kind).fields}
        name = self._random.choice(sorted(set(drawn) - {"type"}) or ["more"])
        drawn[name] = self._beyond(types[name]) if name in types else 2**63

    def _beyond(self, found: shape.Type) -> Any:  # noqa: PLR0911 - one line for each kind of type
        match found:
            case shape.UnionType(types=members):
                return self._beyond(self._random.choice(members))
            case shape.IntType(ge=low, le=high) | shape.FloatType(ge=low, le=high):
                return self._random.choice(((low or 0) - 1, (high or 2**63) + 1, 2**64, -(2**63), 1e308))
            case shape.StrType(max_length=most):
                return self._random.choice(("", "\0", "x" * ((most or 5_000) + 1), "é" * 5_000, "=" * 3))
            case shape.ListType(item_type=item, max_length=most):
                return [self._value(item)] * ((most or 500) + 1)
            case shape.StructType(cls=cls):
                return {**self._fields(cls), self._random.choice(("price_cents", "more")): -1}
            case shape.CustomType():
                return float(self._random.choice(EDGES["beyond"]))
            case shape.DateType():
                return self._random.choice(DATES_BEYOND).isoformat()
            case _:
                return self._random.choice((None, True, -1, "", "9" * 400, [], {}, "0000-00-00"))

    def _value(self, found: shape.Type) -> Any:  # noqa: PLR0911, PLR0912 - one case for each kind of type
        choice = self._random.choice
        match found:
            case shape.UnionType(types=members):
                some = [one for one in members if not isinstance(one, shape.NoneType)]
                return (
                    None if len(some) < len(members) and choice((0, 0, 0, 1)) else self._value(choice(some))
                )
            case shape.StructType(cls=cls):
                return self.structure() if cls is StructureChanges else self._fields(cls)
            case shape.EnumType(cls=words):
                return choice(list(words)).value
            case shape.StrType() as text:
                return self._text(text)
            case shape.IntType() as number:
                return self._number(number)
            case shape.FloatType(ge=low, le=high):
                return choice((low or 0.0, high or 1e308, 5e-324, 0.5))
            case shape.BoolType():
                return choice((True, False))
            case shape.NoneType():
                return None
            case shape.DateType():
                return choice(DATES).isoformat()
            case shape.DateTimeType():
                return choice(TIMES)
            case shape.UUIDType():
                return str(uuid.UUID(int=self._random.getrandbits(128), version=4))
            case shape.CustomType(cls=cls) if cls is BasisPoints:
                return float(choice((*EDGES["low"], *EDGES["high"], Decimal("887.5"))))
            case shape.ListType() as several:
                return self._list(several)
        raise NotImplementedError(found)

    def _end(self, found: shape.Type) -> Any:
        """Return the least or the greatest value, where a type has one."""
        match found:
            case shape.UnionType(types=members):
                return self._end(next(one for one in members if not isinstance(one, shape.NoneType)))
            case shape.IntType(ge=low, le=high):
                return self._random.choice((low, high))
            case shape.DateType():
                return self._random.choice((FIRST_DATE, LAST_DATE)).isoformat()
        return self._value(found)

    def _number(self, found: shape.IntType) -> int:
        low = -(2**53) if found.ge is None else found.ge
        high = 2**53 - 1 if found.le is None else found.le
        usual = (2_500_000, 40_000) if high == MAX_CENTS else ()
        return self._random.choice((low, low + 1, *usual, (low + high) // 2, high - 1, high))

    def _text(self, found: shape.StrType) -> str:
        if found.pattern is not None and found.pattern.startswith("^(deal|desk)"):
            return self._random.choice(self._known.channels)
        if found.pattern is not None and found.pattern.startswith("^("):
            return self._random.choice(found.pattern[2:-2].split("|"))
        least, most = found.min_length or 0, found.max_length or 200
        letter = self._random.choice(("x", "é", "\U0001f697", "'", '"', "\\", "%", "="))
        return letter * self._random.choice((least, least + 1, most - 1, most))

    def _list(self, found: shape.ListType) -> list[Any]:
        least, most = found.min_length or 0, found.max_length or 50
        length = self._random.choice((least, least + 1, most))
        if self._random.random() < 0.3:
            return [self._value(found.item_type)] * length
        drawn = [self._value(found.item_type) for _ in range(length * 3)]
        return list({codec.encode(one): one for one in drawn}.values())[:length] or drawn[:length]


def _struct(kind: type) -> shape.StructType:
    info = shape.type_info(kind)
    assert isinstance(info, shape.StructType)
    return info
