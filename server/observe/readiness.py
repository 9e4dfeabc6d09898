"""Report "ready" to the process manager, as systemd expects: one datagram to ``NOTIFY_SOCKET``."""

import contextlib
import socket

READY = b"READY=1"


def say_ready(address: str) -> None:
    """Tell the socket at ``address`` that this process is ready; an empty address means that nobody asked."""
    if not address:
        return
    name = "\0" + address[1:] if address.startswith("@") else address
    # The listener may have gone, which is no reason for this process to end.
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notice, contextlib.suppress(OSError):
        notice.sendto(READY, name)
