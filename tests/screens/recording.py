"""Record what a page says to a real server, for the gallery: sockets by frame, HTTP answers by path.

A recording is cut: a deal keeps the first rows of its list, so that the files stay small.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from playwright.async_api import Page, Response, WebSocket

MOST_ROWS: Final = 120
UNRECORDED: Final = frozenset({"join", "leave", "ping", "focus", "painted"})

Message = dict[str, Any]


@dataclass
class Recorder:
    """Listens to one page. ``finished`` gives what it heard as the gallery reads it."""

    welcome: Message | None = None
    channels: dict[str, Message] = field(default_factory=dict)
    answers: list[Message] = field(default_factory=list)
    http: dict[str, Any] = field(default_factory=dict)
    _sockets: list["Socket"] = field(default_factory=list)

    def listen(self, page: Page) -> None:
        """Begin to listen to every socket and answer of a page."""
        page.on("websocket", self._opened)
        page.on("response", self._answered)

    def _opened(self, socket: WebSocket) -> None:
        heard = Socket(self)
        self._sockets.append(heard)
        socket.on("framesent", lambda data: heard.sent(str(data)))
        socket.on("framereceived", lambda data: heard.received(str(data)))

    async def _answered(self, response: Response) -> None:
        path = response.url.split("?")[0].split("/", 3)[-1]
        if path.startswith("api/") and "json" in response.headers.get("content-type", ""):
            self.http[f"/{path}"] = await response.json()

    def finished(self, at: str, path: str, user: Message) -> Message:
        """Return the recording of somebody whose first page is ``path``."""
        return {
            "at": at,
            "path": path,
            "user": user,
            "welcome": self.welcome,
            "channels": {name: cut(channel) for name, channel in sorted(self.channels.items())},
            "answers": list(_unique(self.answers)),
            "http": dict(sorted(self.http.items())),
        }


@dataclass
class Socket:
    """One socket of a page: which command each reply answers, and which channel is loading."""

    recorder: Recorder
    asked: dict[int, Message] = field(default_factory=dict)
    joins: dict[int, str] = field(default_factory=dict)

    def sent(self, frame: str) -> None:
        """Take what the page sent."""
        for command in _messages(frame):
            if isinstance(command.get("ref"), int):
                self.asked[command["ref"]] = command

    def received(self, frame: str) -> None:
        """Take what the server sent."""
        for message in _messages(frame):
            if message["type"] == "welcome":
                self.recorder.welcome = message
            elif message["type"] == "reply":
                self._replied(message)
            elif message["type"] == "snapshot_rows":
                self.recorder.channels[message["channel"]]["rows"].append(
                    {key: value for key, value in message.items() if key not in {"channel", "ref"}}
                )

    def _replied(self, reply: Message) -> None:
        command = self.asked.pop(reply["ref"], None)
        if command is None:
            return
        if command["type"] == "join":
            if reply["ok"] and not reply["data"]["recovered"]:
                self.recorder.channels[command["channel"]] = {"join": reply["data"], "rows": []}
        elif command["type"] not in UNRECORDED:
            request = {key: value for key, value in command.items() if key not in {"ref", "op"}}
            told = {key: reply[key] for key in ("data", "error") if reply.get(key) is not None}
            self.recorder.answers.append({"request": request, **told})


def cut(channel: Message) -> Message:
    """Return a channel with the first ``MOST_ROWS`` rows of its list, and the counts that go with them."""
    parts, left = [], MOST_ROWS
    for part in channel["rows"]:
        kept = min(left, part["rows"])
        columns = {name: values[:kept] for name, values in part["columns"].items()}
        parts.append({**part, "rows": kept, "columns": columns})
        left -= kept
        if left == 0:
            break
    return {**channel, "rows": parts}


def _messages(frame: str) -> Iterable[Message]:
    return (json.loads(line) for line in frame.split("\n") if line.strip())


def _unique(answers: Iterable[Message]) -> Iterable[Message]:
    """Return the last answer to each command."""
    last = {json.dumps(answer["request"], sort_keys=True): answer for answer in answers}
    return last.values()
