"""How somebody sees a channel: in which view, and whether value is shown to them as an amount or as a score.

A store may keep what its deals are worth from its salespeople. Then the sales view has ``score``, 1 to 5,
wherever it would have ``npv_cents``, and nothing from which the amount could be told more finely.
"""

from bisect import bisect_right
from dataclasses import dataclass
from typing import Any, Final

from protocol.events import SCORE_COLUMN
from protocol.records import View
from server.store.users import Account

ScoreEdges = tuple[int, ...]
"""The least NPV in cents of the scores 2 to 5, rising."""

_FINER: Final = frozenset({"stress_npv_cents", "npv_history"})
_WORTH: Final = "npv_floor"
"""The limit whose fix says how much value is lacking."""


@dataclass(frozen=True, slots=True)
class Sight:
    """A view; with ``score_edges``, scores in the place of NPVs. The same sight gets the same bytes."""

    view: View
    score_edges: ScoreEdges | None = None


def sight_of(view: View, account: Account) -> Sight:
    """Return how a person sees a channel in ``view``: the sales view is the same for all of a store."""
    return Sight(view, account.score_edges_cents if view is View.SALES else None)


def with_scores(shown: dict[str, Any], sight: Sight) -> dict[str, Any]:
    """Return a JSON object of the sight's view with scores in the place of NPVs, where the sight has them."""
    return shown if sight.score_edges is None else _scored(shown, sight.score_edges)


def score_of(npv_cents: int, edges: ScoreEdges) -> int:
    """Return the score, 1 to 5, of an NPV: an NPV at an edge is above it."""
    return 1 + bisect_right(edges, npv_cents)


def _scored(shown: dict[str, Any], edges: ScoreEdges) -> dict[str, Any]:
    scored: dict[str, Any] = {}
    for name, value in shown.items():
        if name == "npv_cents":
            scored[SCORE_COLUMN] = _scores(value, edges)
        elif name not in _FINER:
            scored[name] = _inside(value, edges)
    if "fix" in scored:
        scored["fix"] = _fix(scored.get("binding", scored.get("limit")), scored["fix"])
    return scored


def _inside(value: Any, edges: ScoreEdges) -> Any:
    """Return a value with scores in the objects that it holds; most columns hold none, and stay."""
    if isinstance(value, dict):
        return _scored(value, edges)
    if isinstance(value, list) and any(isinstance(item, dict | list) for item in value):
        return [_inside(item, edges) for item in value]
    return value


def _scores(npvs: Any, edges: ScoreEdges) -> Any:
    """Return the score of an NPV, or those of any nesting of NPVs; null stays null."""
    if isinstance(npvs, list):
        return [_scores(npv, edges) for npv in npvs]
    return None if npvs is None else score_of(npvs, edges)


def _fix(binding: Any, fix: Any) -> Any:
    """Return a fix, or a column of them, without those that say how much value is lacking."""
    if isinstance(binding, list):
        return [_fix(*both) for both in zip(binding, fix, strict=True)]
    return None if binding == _WORTH else fix
