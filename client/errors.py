"""Errors that end a workspace. A command that the server refuses is a ``protocol.closing.CommandError``."""


class WorkspaceError(Exception):
    """The base of errors that end a workspace for good."""


class Refused(WorkspaceError):
    """The server refused the connection before it began: 401 without a valid token, 403 without the right."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status

    def __str__(self) -> str:
        return f"the server refused the connection with HTTP status {self.status}"


class Closed(WorkspaceError):
    """The connection was closed with a code after which a client does not reconnect."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(code, reason)
        self.code = code
        self.reason = reason

    def __str__(self) -> str:
        return f"closed with code {self.code}" + (f": {self.reason}" if self.reason else "")


class Unreachable(WorkspaceError):
    """The first connection was not established in time."""

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(url, reason)
        self.url = url
        self.reason = reason

    def __str__(self) -> str:
        return f"no connection to {self.url}: {self.reason or 'no answer'}"
