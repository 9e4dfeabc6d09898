"""The commands of ``server``, with connections of the load generator that hear their first note twice.

Started by ``python -m tests.load.hearing_twice load``.
"""

from typing import Any

import server.__main__
from client.load.clients.wire import Hear, Wire

NOTE = b'"note_added"'


def main() -> None:
    """Be the command."""
    begin = Wire.__init__

    def begin_badly(self: Wire, target: Any, token: str, hear: Hear, end: Any) -> None:
        repeated = False

        def hear_twice(frame: bytes) -> None:
            nonlocal repeated
            hear(frame)
            if not repeated and NOTE in frame:
                repeated = True
                hear(next(line for line in frame.split(b"\n") if NOTE in line))

        begin(self, target, token, hear_twice, end)

    Wire.__init__ = begin_badly  # type: ignore[method-assign]
    server.__main__.main()


if __name__ == "__main__":
    main()
