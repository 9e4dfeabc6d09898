"""A computing process: reads calls from standard input and writes their results or exceptions. It ends at the
end of input. It holds no credential and opens nothing.

A frame is its length in 8 bytes, then that many bytes. The first frame out is empty: the process is ready.
Calls and answers are pickled; both ends are this program, and nothing that came over a network is unpickled.
"""

import os
import pickle  # - only what our own parent wrote is loaded  # nosec B403
import signal
import sys
import threading
from typing import BinaryIO

LENGTH_BYTES = 8
ORPHAN_CHECK_SECONDS = 1.0


def write_frame(stream: BinaryIO, body: bytes) -> None:
    """Write one frame at once."""
    stream.write(len(body).to_bytes(LENGTH_BYTES, "big") + body)
    stream.flush()


def read_frame(stream: BinaryIO) -> bytes | None:
    """Return the next frame's body; None at the end of input, also in the middle of a frame."""
    head = stream.read(LENGTH_BYTES)
    if len(head) < LENGTH_BYTES:
        return None
    length = int.from_bytes(head, "big")
    body = stream.read(length)
    return body if len(body) == length else None


def answer(call: bytes) -> bytes:
    """Return the pickled outcome of a pickled call: whether it returned, and what it returned or raised."""
    try:
        function, args = pickle.loads(call)  # noqa: S301 - our own parent wrote it  # nosec B301
        return pickle.dumps((True, function(*args)))
    except Exception as error:
        return _raised(error)


def _raised(error: Exception) -> bytes:
    """Return the pickled outcome of a call that raised; an error that no pickle carries becomes its words."""
    try:
        outcome = pickle.dumps((False, error))
        pickle.loads(outcome)  # noqa: S301 - written the line before  # nosec B301
    except Exception:
        return pickle.dumps((False, RuntimeError(repr(error))))
    return outcome


def _end_with(parent: int) -> None:
    """End this process, also in the middle of a computation, once it has lost its parent."""
    never = threading.Event()
    while os.getppid() == parent:
        never.wait(ORPHAN_CHECK_SECONDS)
    os._exit(1)


def main() -> None:
    """Answer calls until the parent closes the input, or is gone."""
    # Ctrl-C reaches the whole group of processes; the parent ends this one when it has finished.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    calls, answers = sys.stdin.buffer, os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    # Output of libraries must not get between two frames.
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    # Loaded before the first call, so that no person waits for it.
    import server.finance.quoting  # noqa: F401, PLC0415

    write_frame(answers, b"")
    while (call := read_frame(calls)) is not None:
        write_frame(answers, answer(call))


if __name__ == "__main__":
    main()
