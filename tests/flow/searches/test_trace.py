"""The whole trace of a real search, from the command to the paint: kept, told, and exported."""

import uuid
from dataclasses import replace
from pathlib import Path

import pytest
from msgspec import UNSET, UnsetType
from redis.asyncio import Redis

from client import Deal
from protocol.events import PAINT_STAGES, TRACE_COUNTS, TRACE_STAGES, SearchEnded, StageSpan
from protocol.records import View
from server.log.redis_log import RedisLog
from server.observe.spans import first_span_of, trace_id_of
from server.settings import Settings
from tests.flow.collector import Collector, Told, collecting
from tests.flow.desk import valued
from tests.flow.shop import EASY, a_deal_of, connect, events_until, token_of
from tests.services import start_together

pytestmark = pytest.mark.flow

AFTER_MS = 4.5


async def test_a_search_is_traced_from_its_command_to_the_paint(stocked: Settings, tmp_path: Path) -> None:
    """Every stage is there, with offsets in the order of cause and effect, for those who open the deal later;
    the collector gets the same as spans of one trace, from the web process and the worker.
    """
    with collecting() as collector:
        settings = replace(stocked, otlp_endpoint=collector.endpoint)
        channel = await a_deal_of(settings)
        async with (
            start_together(settings, tmp_path) as [web],
            connect(web.url, await token_of(settings, "riverside-sales")) as one,
            connect(web.url, await token_of(settings, "riverside-manager")) as two,
        ):
            sales = await one.join(channel, View.SALES)
            earlier = await _searched(sales, 40)
            manager = await two.join(channel, View.MANAGER)
            await manager.terms(EASY)
            await events_until(sales, valued)
            # Another limit than that of the repeated search: its answer is not known.
            search_id = await _searched(sales, 41)
            for stage in PAINT_STAGES:
                await sales.painted(search_id, stage, _painted_ms(sales, stage), after_ms=AFTER_MS)
            await manager.leave()
            _assert_whole(await two.join(channel, View.MANAGER))
            await sales.leave()
            customer = await one.join(channel, View.CUSTOMER)
            assert customer.search_state is not None
            assert (customer.search_state.trace, customer.search_state.spans) == (UNSET, UNSET)
            await _assert_kept(settings, channel, earlier, search_id)
        _assert_exported(collector, search_id, channel)


async def _searched(deal: Deal, limit: int) -> str:
    search_id = await deal.search(limit=limit)
    seen = await events_until(deal, valued)
    ended = next(event for event in seen if isinstance(event, SearchEnded))
    assert ended.search_id == search_id
    assert not isinstance(ended.spans, UnsetType)
    assert {span.name for span in ended.spans} >= {"parse", "pool_wait", "prepare", "announce", "screen"}
    return search_id


def _painted_ms(deal: Deal, stage: str) -> float:
    """Return a time after everything that was told: what a screen would report."""
    assert deal.search_state is not None
    assert not isinstance(deal.search_state.spans, UnsetType)
    return max(span.end_ms for span in deal.search_state.spans) + 100 + PAINT_STAGES.index(stage)


def _assert_whole(deal: Deal) -> None:
    search = deal.search_state
    assert search is not None
    assert not isinstance(search.trace, UnsetType)
    assert not isinstance(search.spans, UnsetType)
    assert set(search.trace) == {*TRACE_STAGES, *TRACE_COUNTS}
    assert {span.name for span in search.spans} == set(TRACE_STAGES)
    whole = max(span.end_ms for span in search.spans)
    for span in search.spans:
        assert 0 <= span.start_ms <= span.end_ms <= whole
    assert [span.start_ms for span in search.spans] == sorted(span.start_ms for span in search.spans)
    first = {(span.name, span.of or ""): span for span in reversed(search.spans)}

    def at(name: str, of: str = "") -> StageSpan:
        return first[name, of]

    assert at("parse").start_ms == 0
    assert at("parse").end_ms <= at("prepare").start_ms <= at("pool_wait").end_ms
    assert at("pool_wait").end_ms <= at("db_first_row").start_ms <= at("db_first_row").end_ms
    assert at("db_first_row").end_ms <= at("screen").start_ms <= at("publish").start_ms
    assert at("queue_wait").start_ms <= at("value").start_ms
    assert at("value").end_ms <= at("push", "all_offers").end_ms
    for stage in PAINT_STAGES:
        assert at("push", stage).end_ms <= at("paint", stage).start_ms
        assert at("paint", stage).end_ms - at("paint", stage).start_ms == pytest.approx(AFTER_MS)
    assert search.trace["paint"] == pytest.approx(AFTER_MS * len(PAINT_STAGES))


async def _assert_kept(settings: Settings, channel: str, earlier: str, search_id: str) -> None:
    redis = Redis.from_url(settings.redis_url)
    try:
        traces = await RedisLog(redis).searches.traces(channel)
    finally:
        await redis.aclose()
    # Between the two, the terms repeated the search.
    assert [each.search_id for each in traces][0::2] == [earlier, search_id]
    assert all({"parse", "queue_wait", "value"} <= set(each.trace) for each in traces)
    assert "paint" in traces[-1].trace
    assert "paint" not in traces[0].trace


def _assert_exported(collector: Collector, search_id: str, channel: str) -> None:
    assert collector.paths == {"/v1/traces"}
    spans = [span for span in collector.spans if span.trace_id == uuid.UUID(search_id).hex]
    by_id = {span.span_id: span for span in spans}
    assert len(by_id) == len(spans)
    (root,) = (span for span in spans if not span.parent)
    assert (root.name, root.span_id) == ("search", f"{first_span_of(search_id):016x}")
    assert int(root.trace_id, 16) == trace_id_of(search_id)
    assert root.attributes["deal"] == channel.removeprefix("deal:")
    assert root.attributes["reason"] == "limit"
    assert root.attributes["queries"] > 0
    children = [span for span in spans if span.parent]
    assert {span.parent for span in children} == {root.span_id}
    assert {span.name for span in children} == set(TRACE_STAGES)
    for span in children:
        assert root.start_ns - 1_000_000 <= span.start_ns <= span.end_ns
    of_worker = [
        span for span in children if span.resource["service.instance.id"].split(":")[1][:6] == "worker"
    ]
    assert {span.name for span in of_worker} == {"queue_wait", "value"}
    assert [_of(span) for span in children if span.name == "paint"] == list(PAINT_STAGES)
    assert sorted(_of(span) for span in children if span.name == "push") == sorted(PAINT_STAGES)
    assert {span.resource["service.name"] for span in spans} == {"deal-architect"}
    # Every search of the deal is a trace of its own.
    assert len({span.trace_id for span in collector.spans}) == 3


def _of(span: Told) -> str:
    return str(span.attributes["of"])
