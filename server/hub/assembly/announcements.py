"""What each part of the hub listens for, and what the parts of an answer hear."""

from collections.abc import Callable, Iterable

from protocol import codec
from server.database.core.listen import Listener
from server.hub.channels.registry import VEHICLE_CHANGED, Registry
from server.log.channel_log import Entry
from server.log.search_log import SearchLog
from server.search.answers.answers import Answers
from server.search.answers.stock_versions import StockVersions
from server.search.paging.publishing.shared_values import OFFERS, SEARCH_STARTED, SharedValues


def listen(
    listener: Listener,
    subjects: Iterable[tuple[str, Callable[[str], None]]],
    *on_connect: Iterable[Callable[[], None]],
) -> None:
    """Tell each part of what it listens for, and when the listener has connected again."""
    for subject, heard in subjects:
        listener.listen(subject, heard)
    for calls in on_connect:
        for call in calls:
            listener.on_connect(call)


def shared_answers(
    searches: SearchLog, registry: Registry, versions: StockVersions
) -> tuple[Answers, SharedValues]:
    """Return the answers of this process and the values that they share, which hear the channels' events."""
    answers = Answers(versions)
    values = SharedValues(searches, answers, registry.__contains__)

    def car_changed(channel: str, entry: Entry) -> None:
        live, told = registry.live_deal(channel), codec.decode(entry.body)
        if live is not None and live.facts is not None:
            versions.changed(live.facts.store_id, live.facts.group_id, told["vehicle_id"], told["rev"])

    registry.on_event(OFFERS, values.heard)
    registry.on_event(SEARCH_STARTED, values.search_started)
    registry.on_event(VEHICLE_CHANGED, car_changed)
    return answers, values
