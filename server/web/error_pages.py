"""Refusals for people: a browser that opens a path gets a page with the product's look, all others JSON."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from starlette.requests import Request
from starlette.responses import Response

if TYPE_CHECKING:
    from starlette.templating import Jinja2Templates

TEMPLATES: Final = Path(__file__).parent / "templates"
HTML: Final = "text/html"


@dataclass(frozen=True, slots=True)
class Words:
    """What a page says of a refusal, and what to do next."""

    title: str
    text: str


NO_PAGE: Final = Words(
    "There is no such page", "The address is incomplete, or the page has moved. Start from your deals."
)
NO_DEAL: Final = Words(
    "There is no such deal at your store", "It may belong to another store, or the address is incomplete."
)
NOT_YOURS: Final = Words(
    "This page is for managers",
    "Your role does not open it. Ask your desk manager if you need what is on it.",
)
WORDS: Final = {
    401: Words("You are not signed in", "Sign in to see this page."),
    403: Words("The server refused this", "Go back, load the page again and try once more."),
    404: NO_PAGE,
    405: Words("This address takes no such request", "Go back and use the button on the page."),
    429: Words("Too many requests", "Wait a little and open the page again."),
    503: Words(
        "The server cannot reach its database", "Nothing is lost. Try again in a moment; live deals continue."
    ),
}
OTHER: Final = Words("This did not work", "Go back and try again.")


def wants_page(request: Request) -> bool:
    """Return whether a browser opens the path. Programs, and the page's own requests, ask for no HTML."""
    return HTML in request.headers.get("accept", "")


def error_page(request: Request, status: int, words: Words | None = None, *, detail: str = "") -> Response:
    """Return the page for a refusal. ``detail`` is what the server says of it."""
    values = {"words": words or WORDS.get(status, OTHER), "status": status, "detail": detail}
    return templates().TemplateResponse(request, "error.html", values, status)


@cache
def templates() -> "Jinja2Templates":
    """Return the pages' templates. They are loaded when the first page is shown."""
    from starlette.templating import Jinja2Templates

    return Jinja2Templates(TEMPLATES)
