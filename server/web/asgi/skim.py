"""Finds where a client's frames begin and end, from their headers only. No I/O; payloads are not read."""

from typing import Final

CLOSE: Final = 8
_MASKED: Final = 0x80
_LENGTH_BYTES: Final = {126: 2, 127: 8}
"""The number of extended length bytes, by the short length of a frame."""


class FrameHeads:
    """Follows a stream of frames, however it is cut into pieces.

    It validates nothing: the frame parser finds violations of RFC 6455.
    """

    def __init__(self) -> None:
        self._head = bytearray()
        self._opcode = 0
        self._left = 0
        self._closed = False

    @property
    def closed(self) -> bool:
        """Whether a complete close frame has passed."""
        return self._closed

    def cut(self, data: bytes, start: int, frames: int, size: int) -> tuple[int, int]:
        """Follow ``data`` from ``start``, as far as at most ``frames`` frames begin, and ``size`` bytes.

        Returns the end position in ``data`` and the number of frames that began.
        """
        at, end, begun = start, min(len(data), start + size), 0
        while at < end and not self._closed:
            if self._left:
                step = min(self._left, end - at)
                self._left -= step
            else:
                if not self._head:
                    if begun == frames:
                        break
                    begun += 1
                step = min(_head_size(self._head) - len(self._head), end - at)
                self._head += data[at : at + step]
                self._take_head()
            at += step
            self._closed = self._opcode == CLOSE and not self._left and not self._head
        return at, begun

    def _take_head(self) -> None:
        if len(self._head) == _head_size(self._head):
            short = self._head[1] & 0x7F
            more = _LENGTH_BYTES.get(short, 0)
            self._left = int.from_bytes(self._head[2 : 2 + more]) if more else short
            self._opcode = self._head[0] & 0x0F
            self._head.clear()


def _head_size(head: bytearray) -> int:
    """Return the size of a header, as far as its first bytes show: at least 2."""
    if len(head) < 2:
        return 2
    return 2 + _LENGTH_BYTES.get(head[1] & 0x7F, 0) + (4 if head[1] & _MASKED else 0)
