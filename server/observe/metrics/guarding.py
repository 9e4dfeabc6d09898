"""The metrics of what stands before the stores: breakers, shares, and kept answers."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from server.observe.metrics.histogram import Histogram
from server.observe.metrics.metrics import Metrics


class Breaking(Protocol):
    """A circuit breaker, which counts how often it opened and what it refused."""

    name: str
    opened: int
    refused: int

    @property
    def is_closed(self) -> bool:
        """Whether every call passes."""


class Sharing(Protocol):
    """Turns: places that stores and their people share."""

    waits: Histogram
    now_waiting: int


class Answering(Protocol):
    """Answers to searches, counted by where they came from, and those that are kept."""

    hits: int
    joins: int
    misses: int
    stale_hits: int
    evictions: int

    def __len__(self) -> int:
        """How many answers are kept."""

    @property
    def size_bytes(self) -> int:
        """How much memory they take."""


def add_breakers(metrics: Metrics, breakers: Sequence[Breaking]) -> None:
    """Declare the state of each breaker by name."""
    metrics.gauge(
        "deal_breaker_open",
        "Whether calls are refused, or one at a time is tried (1), or all pass (0)",
        lambda: {each.name: float(not each.is_closed) for each in breakers},
        "breaker",
    )
    metrics.counter(
        "deal_breaker_opened_total",
        "How often a breaker opened",
        lambda: {each.name: float(each.opened) for each in breakers},
        "breaker",
    )
    metrics.counter(
        "deal_breaker_refused_total",
        "Calls that a breaker refused",
        lambda: {each.name: float(each.refused) for each in breakers},
        "breaker",
    )


def add_answers(metrics: Metrics, answers: Answering) -> None:
    """Declare where the answers to searches came from, and what is kept of them."""
    metrics.counter(
        "deal_answers_total",
        "Searches by where their answer came from: kept, joined (another search was making it), the stock, or"
        " stale (kept, while the stock cannot be read)",
        lambda: {
            "kept": answers.hits,
            "joined": answers.joins,
            "stock": answers.misses,
            "stale": answers.stale_hits,
        },
        "source",
    )
    metrics.gauge("deal_answers_kept", "Answers that are kept", lambda: len(answers))
    metrics.gauge(
        "deal_answers_kept_bytes", "Memory of the answers that are kept", lambda: answers.size_bytes
    )
    metrics.counter(
        "deal_answers_evicted_total", "Answers that made room for others", lambda: answers.evictions
    )


def add_turns(metrics: Metrics, turns: Mapping[str, Sharing]) -> None:
    """Declare how long callers wait for their turns, by what they share."""
    metrics.gauge(
        "deal_turns_waiting",
        "Callers that wait for their turn now",
        lambda: {name: each.now_waiting for name, each in turns.items()},
        "turns",
    )
    metrics.histogram(
        "deal_turn_wait_seconds",
        "How long callers waited for their turn, also those who did not have to",
        lambda: {name: each.waits for name, each in turns.items()},
        "turns",
    )
