"""How a receiver sees a channel: the view, and the precision of values.

Managers see NPVs to the cent. Salespeople see them rounded to ``NPV_STEP_CENTS``, because two exact NPVs of a
car would reveal its front gross. A store may hide NPVs from its salespeople. Then the sales view has
``score``, 1 to 5, in place of ``npv_cents``, and nothing that reveals the amount more precisely.
"""

from bisect import bisect_right
from dataclasses import dataclass
from typing import Any, Final

from protocol.events import SCORE_COLUMN
from protocol.records import Role, View
from server.database.people.users import Account
from server.hub.sight.floor_guard import FloorGuard

ScoreEdges = tuple[int, ...]
"""The lowest NPVs in cents of the scores 2 to 5, ascending."""

NPV_STEP_CENTS: Final = 10_00

_NPVS: Final = frozenset({"npv_cents", "stress_npv_cents", "npv_history"})
_AMOUNTS_OF_FIX: Final = frozenset({"cash_cents", "price_cents", "value_cents"})
_FINER: Final = frozenset({"stress_npv_cents", "npv_history", "frontier"})
_WORTH: Final = "npv_floor"
"""The limit whose fix states the missing value."""


@dataclass(frozen=True, slots=True)
class Sight:
    """A view; with ``score_edges``, scores instead of NPVs; with ``guard``, a view that hides NPVs but shows
    what is acceptable. ``is_link``: a customer's own connection, which is shown less than the customer's view
    in the store. Without ``rows`` it shows a deal without the cars of its search. The same sight gets the
    same bytes.
    """

    view: View
    score_edges: ScoreEdges | None = None
    guard: FloorGuard | None = None
    is_link: bool = False
    rows: bool = True


def sight_of(view: View, account: Account, *, rows: bool = True) -> Sight:
    """Return how a person sees a channel in ``view``, with the cars of its search or without: the sales view
    is the same for all of a store.
    """
    if account.role is Role.CUSTOMER:
        return Sight(View.CUSTOMER, is_link=True, rows=False)
    edges = account.score_edges_cents if view is View.SALES else None
    hides_npvs = view is View.CUSTOMER or edges is not None
    guard = FloorGuard(account.npv_floor_cents, account.guard_key) if hides_npvs else None
    return Sight(view, edges, guard, rows=rows)


def value_as_seen(shown: dict[str, Any], sight: Sight) -> dict[str, Any]:
    """Return a JSON object of the view with NPVs in the sight's precision."""
    if sight.view is not View.SALES:
        return shown
    if sight.score_edges is None:
        return _coarse(shown)
    return _Scores(sight.score_edges, sight.guard).shown(shown, None)


def score_of(npv_cents: int, edges: ScoreEdges) -> int:
    """Return the score, 1 to 5, of an NPV: an NPV at an edge is above it."""
    return 1 + bisect_right(edges, npv_cents)


def coarse_npv(npv_cents: int) -> int:
    """Return an NPV rounded to NPV_STEP_CENTS, half up."""
    return (npv_cents + NPV_STEP_CENTS // 2) // NPV_STEP_CENTS * NPV_STEP_CENTS


def _coarse(shown: dict[str, Any]) -> dict[str, Any]:
    """Return an object with rounded NPVs; a fix's value is rounded up, as it may be part of an NPV."""
    coarse: dict[str, Any] = {}
    for name, value in shown.items():
        if name in _NPVS:
            coarse[name] = _rounded(value)
        elif name == "fix":
            coarse[name] = _coarse_fix(value)
        elif isinstance(value, dict):
            coarse[name] = _coarse(value)
        elif isinstance(value, list) and any(isinstance(item, dict) for item in value):
            coarse[name] = [_coarse(item) if isinstance(item, dict) else item for item in value]
        else:
            coarse[name] = value
    return coarse


def _rounded(npvs: Any) -> Any:
    """Return an NPV rounded, or those of any nesting of NPVs; null stays null."""
    if isinstance(npvs, list):
        return [_rounded(npv) for npv in npvs]
    return None if npvs is None else coarse_npv(npvs)


def _coarse_fix(fix: Any) -> Any:
    if isinstance(fix, list):
        return [_coarse_fix(each) for each in fix]
    if not isinstance(fix, dict):
        return fix
    return {
        name: -(-value // NPV_STEP_CENTS) * NPV_STEP_CENTS if name in _AMOUNTS_OF_FIX and value else value
        for name, value in fix.items()
    }


@dataclass(frozen=True, slots=True)
class _Scores:
    """Replaces NPVs by scores, each computed from the NPV less the margin of its car."""

    edges: ScoreEdges
    guard: FloorGuard | None

    def shown(self, shown: dict[str, Any], car: Any) -> dict[str, Any]:
        """Return an object with scores; ``car`` is its vehicle, if the object names none."""
        car = shown.get("vehicle_id", car)
        scored: dict[str, Any] = {}
        for name, value in shown.items():
            if name == "npv_cents":
                scored[SCORE_COLUMN] = self._scores(value, car)
            elif name not in _FINER:
                scored[name] = self._inside(value, car)
        if "fix" in scored:
            scored["fix"] = _told_fix(scored.get("binding", scored.get("limit")), scored["fix"])
        return scored

    def _inside(self, value: Any, car: Any) -> Any:
        """Return a value with scores in its objects; most columns have none and stay unchanged."""
        if isinstance(value, dict):
            return self.shown(value, car)
        if isinstance(value, list) and any(isinstance(item, dict | list) for item in value):
            return [self._inside(item, car) for item in value]
        return value

    def _scores(self, npvs: Any, car: Any) -> Any:
        """Return the score of an NPV, or those of any nesting of NPVs; null stays null."""
        if isinstance(npvs, list):
            cars = car if isinstance(car, list) and len(car) == len(npvs) else [car] * len(npvs)
            return [self._scores(npv, one) for npv, one in zip(npvs, cars, strict=True)]
        if npvs is None:
            return None
        margin = 0 if self.guard is None else self.guard.margin_cents(car)
        return score_of(npvs - margin, self.edges)


def _told_fix(binding: Any, fix: Any) -> Any:
    """Return a fix without the missing value. Rows have none at all: their amounts end at the store's own
    floor, without a car's margin. A quote of the car has one.
    """
    if isinstance(fix, list):
        return [None] * len(fix)
    return None if binding == _WORTH else fix
