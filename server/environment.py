"""Reads single variables of the environment: each is valid, or an error names it and what was expected."""

import ipaddress
from collections.abc import Mapping

from server import redis_address
from server.errors import UserError


class SettingsError(UserError):
    """A variable is missing or invalid."""

    def __init__(self, variable: str, expected: str) -> None:
        super().__init__(variable, expected)
        self.variable, self.expected = variable, expected

    def __str__(self) -> str:
        return f"{self.variable} must be {self.expected}"


class Reader:
    """Reads single variables; an empty one counts as absent."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def text(self, name: str, default: str) -> str:
        """Return a text."""
        return self._environ.get(name, "").strip() or default

    def address(self, name: str, schemes: tuple[str, ...], default: str = "") -> str:
        """Return an address with one of ``schemes``. Raises SettingsError."""
        value = self.text(name, default)
        if not value.startswith(schemes):
            raise SettingsError(name, f"set to an address that begins with {' or '.join(schemes)}")
        return value

    def addresses(self, name: str, schemes: tuple[str, ...]) -> tuple[str, ...]:
        """Return addresses that spaces separate; none for an empty variable. Raises SettingsError."""
        values = tuple(self.text(name, "").split())
        if not all(value.startswith(schemes) for value in values):
            each = " or ".join(schemes)
            raise SettingsError(name, f"addresses with spaces between them, each beginning with {each}")
        return values

    def redis(self, name: str) -> str:
        """Return an address of Redis. Raises SettingsError."""
        try:
            return redis_address.parse(self.text(name, "")).url
        except redis_address.AddressError as error:
            raise SettingsError(name, error.expected) from None

    def collector(self, name: str) -> str:
        """Return an http address, or an empty text. Raises SettingsError."""
        return self.address(name, ("http://", "https://")) if self.text(name, "") else ""

    def number(self, name: str, default: int, least: int, most: int) -> int:
        """Return a whole number within bounds. Raises SettingsError."""
        text = self.text(name, str(default))
        if not (text.isascii() and text.isdigit() and least <= int(text) <= most):
            raise SettingsError(name, f"a whole number from {least} to {most}")
        return int(text)

    def uid(self, name: str) -> int | None:
        """Return a user id. Raises SettingsError."""
        return self.number(name, 0, 0, 2**32 - 2) if self.text(name, "") else None

    def flag(self, name: str) -> bool:
        """Return whether a variable is 1, where it may be 0 or 1. Raises SettingsError."""
        return self.choice(name, "0", ("0", "1")) == "1"

    def choice(self, name: str, default: str, choices: tuple[str, ...]) -> str:
        """Return one of ``choices``, whatever its case. Raises SettingsError."""
        value = self.text(name, default).lower()
        if value not in choices:
            raise SettingsError(name, "one of " + ", ".join(choices))
        return value

    def origins(self, name: str, port: int) -> tuple[str, ...]:
        """Return origins that commas separate; those of this machine by default. Raises SettingsError."""
        value = self.text(name, f"http://127.0.0.1:{port},http://localhost:{port}")
        origins = tuple(origin.strip().rstrip("/") for origin in value.split(",") if origin.strip())
        if not all(origin.startswith(("http://", "https://")) for origin in origins):
            raise SettingsError(name, "a comma-separated list of origins such as https://deals.example.com")
        return origins

    def networks(self, name: str, default: str = "") -> tuple[str, ...]:
        """Return networks and addresses that commas separate. Raises SettingsError."""
        parts = [part.strip() for part in self.text(name, default).split(",") if part.strip()]
        try:
            networks = [ipaddress.ip_network(part) for part in parts]
        except ValueError:
            networks = []
        # A network that contains everyone would let anyone choose an address, or see the operators' pages.
        if len(networks) < len(parts) or not all(network.prefixlen for network in networks):
            raise SettingsError(
                name, "a comma-separated list of addresses or networks such as 10.0.0.7, 192.168.1.0/24"
            )
        return tuple(
            str(network.network_address if network.num_addresses == 1 else network) for network in networks
        )
