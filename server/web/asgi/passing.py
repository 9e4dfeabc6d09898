"""A socket that another process may take over before its handshake is answered."""

from typing import Any

from server.web.asgi.frames import BoundedWebSocket


class PassableWebSocket(BoundedWebSocket):
    """While another process may be serving the connection already, nothing is written to it here."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._is_passing = False

    @property
    def descriptor(self) -> int | None:
        """The descriptor of a connection of which nothing but the handshake was read; else None."""
        if self._unparsed or self.transport.is_closing():
            return None
        number: int = self.transport.get_extra_info("socket").fileno()
        return number

    def begin_passing(self) -> None:
        """Write nothing from now on."""
        self._is_passing = True

    def keep(self) -> None:
        """Serve the connection after all."""
        self._is_passing = False

    def let_go(self) -> None:
        """Close our descriptor without a word. The application has nothing more to send."""
        self.handshake_complete = True
        self.transport.abort()

    def shutdown(self) -> None:
        """End the connection with the server; without a word if it may not be ours any more."""
        if self._is_passing:
            self.let_go()
        else:
            super().shutdown()
