"""Strict-Transport-Security: sent where people come by https alone, and nowhere else."""

import httpx
import pytest
from starlette.applications import Starlette

from server.observe.ending import Ending
from server.observe.metrics.start_up import StartUp
from server.run.app import create_app
from server.run.draining import Drain
from server.settings import Settings
from server.web.handover.taking import Handover
from server.web.headers import SecurityHeaders


def settings_of(origins: str) -> Settings:
    """Return settings for pages of ``origins``."""
    addresses = {"DATABASE_URL": "postgresql://db/deal", "REDIS_URL": "redis://cache"}
    return Settings.from_environment({**addresses, "DEAL_ALLOWED_ORIGINS": origins})


async def header_of(app: Starlette) -> str | None:
    """Return the header of an answer that needs no service."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://proxy") as browser:
        return (await browser.get("/healthz")).headers.get("strict-transport-security")


@pytest.mark.parametrize(
    ("origins", "expected"),
    [
        ("https://deals.example.com", "max-age=31536000"),
        ("https://deals.example.com,https://desk.example.com:8443", "max-age=31536000"),
        ("https://deals.example.com,http://desk.example.com", None),
        ("http://deals.example.com", None),
        ("", None),
        ("https://localhost", None),
        ("https://deals.example.com,https://127.0.0.1:8000", None),
    ],
)
async def test_https_alone(origins: str, expected: str | None) -> None:
    """Of this host only; a loopback host is shared with programs that know no https."""
    settings = settings_of(origins)
    app = create_app(settings, Drain(0), Ending("web", 60), StartUp(), Handover(settings.data_dir))
    assert await header_of(app) == expected


def test_the_middleware_says_nothing_by_itself() -> None:
    """Whoever makes it decides."""
    assert "strict-transport-security" not in SecurityHeaders(Starlette())._headers
