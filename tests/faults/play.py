"""One fault, played: people work, it happens, they go on, and in the end everything is compared."""

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Final

from redis.exceptions import RedisError

from server.work.queue import BODIES_KEY, JOBS_KEY
from tests.faults.judging.checker import Findings, check_screens, judge
from tests.faults.judging.result import Result
from tests.faults.judging.truth import Tap, deal_of, decisions_of
from tests.faults.people.dealing import Dealer
from tests.faults.people.load import at_work
from tests.faults.people.viewer import Viewer
from tests.faults.stage import Stage

GUARD_SECONDS: Final = 60.0
LONGEST_SECONDS: Final = 200.0
BEFORE_SECONDS, AFTER_SECONDS = 0.6, 0.8
LOOK_SECONDS: Final = 0.01
AGAIN_SECONDS: Final = 0.3


class Scene:
    """The people of one fault: on two deals and a wall, in every view, through all web processes."""

    def __init__(
        self,
        stage: Stage,
        viewers: list[Viewer],
        editors: list[Dealer],
        working: asyncio.Event,
        *,
        tap: Tap,
        patience_seconds: float,
    ) -> None:
        self.stage, self.viewers, self.editors, self.working = stage, viewers, editors, working
        self.one = ""
        self._tap, self._patience = tap, patience_seconds
        self._stack = AsyncExitStack()
        self._fresh: dict[tuple[str, str], Any] = {}
        self._shown: dict[tuple[str, str, str], Any] = {}
        self._unsettled = 0

    @classmethod
    async def open(cls, stage: Stage, stack: AsyncExitStack, patience_seconds: float) -> "Scene":
        """Let everybody come in, and the first searches be valued."""
        one, two = stage.next_deals(2)
        wall = "desk:riverside"
        tap = Tap(stage.settings.redis_url, [one, two, wall])
        cast = [
            ("ann", "sales", {one: "sales"}),
            ("max", "manager", {one: "manager", wall: "manager"}),
            ("eve", "manager", {one: "manager", two: "manager"}),
            ("tim", "sales", {two: "sales"}),
            ("ida", "manager", {two: "manager"}),
        ]
        editing = [viewer_of(stage, *who, number) for number, who in enumerate(cast)]
        watching = [
            viewer_of(stage, "customer-one", "sales", {one: "customer"}, 1),
            viewer_of(stage, "customer-two", "sales", {two: "customer"}, 0),
            viewer_of(stage, "wall", "manager", {wall: "manager"}, 1),
            viewer_of(stage, "both", "manager", {one: "manager", two: "sales"}, 0),
        ]
        working = asyncio.Event()
        editors = [
            Dealer(viewer, next(iter(viewer.channels)), working, is_manager=who == "manager")
            for viewer, (_, who, _) in zip(editing, cast, strict=True)
        ]
        scene = cls(
            stage, [*editing, *watching], editors, working, tap=tap, patience_seconds=patience_seconds
        )
        scene.one, scene._stack = one, stack
        await stack.enter_async_context(running(tap.run()))
        await scene.enter([])
        async with asyncio.timeout(GUARD_SECONDS):
            await editors[1].prepare()
            await editors[4].prepare()
            await scene._until(lambda: scene._has_rows(one) and scene._has_rows(two))
        return scene

    async def enter(self, more: list[Viewer]) -> None:
        """Let everybody who is not here yet come in, ``more`` people too; return when all follow."""
        self.viewers.extend(more)
        for viewer in more or self.viewers:
            await self._stack.enter_async_context(running(viewer.run()))
        async with asyncio.timeout(GUARD_SECONDS):
            await self._until(lambda: all(viewer.is_live for viewer in self.viewers))

    @property
    def events(self) -> int:
        """How many events the viewers heard, together."""
        return sum(viewer.record.events for viewer in self.viewers)

    @asynccontextmanager
    async def at_rest(self) -> AsyncIterator[None]:
        """Let people rest but for one search, which is not replaced by another, nor answered from memory.

        Raises TimeoutError where it does not come to its end, with every car valued, on every screen.
        """
        self.working.clear()
        async with asyncio.timeout(GUARD_SECONDS):
            # What was begun before is seen through: nothing of it is in the way of this search.
            await self._until(lambda: all(editor.is_resting for editor in self.editors))
            while await self._jobs():  # noqa: ASYNC110 - Redis is asked
                await asyncio.sleep(LOOK_SECONDS)
        search = asyncio.create_task(self.editors[1].search_afresh())
        try:
            yield
            async with asyncio.timeout(GUARD_SECONDS):
                search_id = await search
                await self._until(lambda: self._is_valued(search_id))
                while await self._jobs():  # noqa: ASYNC110 - Redis is asked
                    await asyncio.sleep(LOOK_SECONDS)
        finally:
            search.cancel()
            self.working.set()

    def _is_valued(self, search_id: str) -> bool:
        screens = [viewer.channels[self.one].screen for viewer in self.viewers if self.one in viewer.channels]
        return all(
            screen is not None
            and screen.is_settled()
            and screen.search is not None
            and screen.search["search_id"] == search_id
            for screen in screens
        )

    async def recover(self) -> list[float]:
        """Write a note on each deal; return when, from now, each viewer has come to show what stood then."""
        began, seconds = time.monotonic(), {}
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._patience):
                await asyncio.gather(self.editors[1].note(), self.editors[4].note())
                while not await self._tap.look():  # noqa: ASYNC110 - Redis is asked until it answers
                    await asyncio.sleep(LOOK_SECONDS)
                marks = dict(self._tap.heads)
                while len(seconds) < len(self.viewers):
                    for viewer in self.viewers:
                        if viewer not in seconds and self._has_passed(viewer, marks):
                            seconds[viewer] = time.monotonic() - began
                    await asyncio.sleep(LOOK_SECONDS)
        return sorted(seconds.values())

    async def settle(self) -> None:
        """Wait until everybody shows what somebody sees who comes now, or for as long as the guard lasts."""
        deadline = time.monotonic() + self._patience
        while True:
            self._fresh, self._unsettled = await self._come_anew()
            self._shown = self._screens()  # of the same moment: a search may be repeated later
            self._unsettled += await self._jobs() > 0
            agree = check_screens(self._shown, self._fresh).is_clean
            if (agree and not self._unsettled) or time.monotonic() > deadline:
                return
            await asyncio.sleep(AGAIN_SECONDS)

    async def judge(self) -> Findings:
        """Return what is wrong with what the viewers wrote down."""
        await self._tap.look()
        truth, url = self._tap.truth, self.stage.settings.database_owner_url
        truth.fresh = self._fresh
        truth.unsettled = self._unsettled + sum(editor.is_stuck for editor in self.editors)
        acknowledged: dict[str, list[str]] = {}
        for editor in self.editors:
            acknowledged.setdefault(editor.channel, []).extend(editor.acknowledged)
            truth.retellings.setdefault(editor.channel, []).extend(editor.told)
        for channel in acknowledged:
            truth.decisions[channel] = await decisions_of(url, channel)
        records, sessions = [viewer.record for viewer in self.viewers], await self._sessions()
        for _, channel in sessions:
            truth.stored[channel] = await deal_of(url, channel)
        return judge(records, truth, self._shown, acknowledged, sessions)

    async def _sessions(self) -> dict[tuple[str, str], Any]:
        """Return the deals that each web process holds in memory: what it answers who joins them now."""
        watched = {channel.name for viewer in self.viewers for channel in viewer.channels.values()}
        deals = {channel: "manager" for channel in watched if channel.startswith("deal:")}
        sessions: dict[tuple[str, str], Any] = {}
        for place, process in enumerate(self.stage.urls):
            viewer = viewer_of(self.stage, f"session-{place}", "manager", deals, doors=[process])
            async with running(viewer.run()):
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self._patience):
                        await self._until(lambda viewer=viewer: viewer.is_live)
            for channel in viewer.channels.values():
                sessions[process, channel.name] = channel.screen and channel.screen.state_now()
        return sessions

    def _screens(self) -> dict[tuple[str, str, str], Any]:
        return {
            (viewer.record.viewer, channel.name, channel.view): channel.screen and channel.screen.state_now()
            for viewer in self.viewers
            for channel in viewer.channels.values()
        }

    async def _come_anew(self) -> tuple[dict[tuple[str, str], Any], int]:
        """Return what new viewers see, by channel and view, and on how many something is still expected."""
        fresh, unsettled = {}, 0
        watched = [channel for viewer in self.viewers for channel in viewer.channels.values()]
        wanted = {(channel.name, channel.view) for channel in watched}
        for view in ("manager", "sales", "customer"):
            channels = {channel: view for channel, asked in wanted if asked == view}
            viewer = viewer_of(self.stage, f"fresh-{view}", "manager", channels, 0)
            async with running(viewer.run()):
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self._patience):
                        await self._until(lambda viewer=viewer: viewer.is_live)
            for channel in viewer.channels.values():
                screen = channel.screen
                fresh[channel.name, view] = screen and screen.state_now()
                unsettled += screen is None or not screen.is_settled()
        return fresh, unsettled

    async def _jobs(self) -> int:
        """Return how many jobs are not settled; one where Redis does not say."""
        try:
            with self.stage.redis.client() as client:
                taken = await asyncio.to_thread(client.xlen, JOBS_KEY)
                return taken + await asyncio.to_thread(client.hlen, BODIES_KEY)
        except RedisError:
            return 1

    def _has_rows(self, channel: str) -> bool:
        screens = [viewer.channels[channel].screen for viewer in self.viewers if channel in viewer.channels]
        return all(screen is not None and screen.rows and screen.is_settled() for screen in screens)

    def _has_passed(self, viewer: Viewer, marks: dict[str, tuple[str, int]]) -> bool:
        for channel in viewer.channels.values():
            epoch, seq = marks.get(channel.name, ("", 0))
            newest, _ = self._tap.heads.get(channel.name, ("", 0))
            if channel.stands_behind(epoch, seq) and not (channel.live and channel.epoch == newest != epoch):
                return False
        return True

    async def _until(self, holds: Any) -> None:
        while not holds():  # noqa: ASYNC110 - viewers tell nobody
            await asyncio.sleep(LOOK_SECONDS)


async def play(
    stage: Stage,
    name: str,
    inject: Callable[[Scene], Awaitable[None]],
    *,
    patience_seconds: float = GUARD_SECONDS,
) -> Result:
    """Play a fault and return what the checker says. ``inject`` returns when all that failed serves again.

    Whoever has not come back after ``patience_seconds``, or does not show what is, counts as lost.
    """
    async with asyncio.timeout(LONGEST_SECONDS), AsyncExitStack() as stack:
        scene = await Scene.open(stage, stack, patience_seconds)
        async with at_work(scene.editors, scene.working, patience_seconds):
            await asyncio.sleep(BEFORE_SECONDS)
            began = time.monotonic()
            await inject(scene)
            lasted = time.monotonic() - began
            recovery = await scene.recover()
            scene.working.set()
            await asyncio.sleep(AFTER_SECONDS)
        await scene.settle()
        result = Result(name, len(scene.viewers), scene.events, await scene.judge(), lasted, recovery)
        result.taken = dict(sum((editor.taken for editor in scene.editors), Counter()))
        result.away_seconds = max(each.longest_away for each in scene.viewers)
        result.answer_seconds = max(each.longest_wait for each in scene.editors)
        return result


def viewer_of(
    stage: Stage,
    name: str,
    who: str,
    channels: dict[str, str],
    place: int = 0,
    *,
    doors: list[str] | None = None,
    small_buffer: bool = False,
) -> Viewer:
    """Return a viewer from riverside that comes in at door ``place`` first."""
    doors = doors or stage.doors
    urls = [*doors[place % len(doors) :], *doors[: place % len(doors)]]
    tls, token = stage.proxy and stage.proxy.tls, stage.tokens[f"riverside-{who}"]
    return Viewer(name, urls, token, channels, tls=tls, small_buffer=small_buffer)


@asynccontextmanager
async def running(work: Any) -> AsyncIterator[None]:
    """Run a coroutine as a task for the length of the context."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        if isinstance(outcome := (await asyncio.gather(task, return_exceptions=True))[0], Exception):
            raise outcome
