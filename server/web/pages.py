"""Sign-in, sign-out and the page that holds the client."""

import hashlib
import os
import re
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

from starlette.datastructures import FormData, Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from protocol.closing import CommandError
from protocol.rights import RIGHTS, Right
from protocol.texts import ONE_LINE
from server.database.deals.deals import deal_exists
from server.database.people.credentials import CredentialKind, issue_credential, revoke_credential
from server.database.people.security_events import SecurityKind
from server.hub.sockets.admission import Admitted
from server.observe.failing import SERVICE_FAILS
from server.web.access.auth import (
    SESSION_COOKIE,
    SESSION_LENGTH,
    cookie,
    csrf_seed,
    csrf_token,
    end_session,
    identify,
    require_same_site,
    set_csrf,
    set_session,
)
from server.web.access.noting import CSRF_FIELD, address_of, note, note_refusal
from server.web.access.sign_in import SignInRefused
from server.web.error_pages import NO_DEAL, NOT_YOURS, error_page, templates

CLIENT_FILES: Final = Path(__file__).parents[2] / "client" / "web" / "dist"
SEE_OTHER: Final = 303
FORM: Final = "application/x-www-form-urlencoded"
FIELD_BYTES: Final = 8 * 1024
CONTROL_FREE: Final = re.compile(ONE_LINE)


@dataclass(frozen=True, slots=True)
class DemoUser:
    """An account of the demo data that the sign-in page offers as a button, in demo mode only."""

    login: str
    name: str


DEMO_PASSWORD: Final = "demo"  # noqa: S105 - public on purpose, and demo mode binds to loopback only
DEMO_USERS: Final = (
    DemoUser("riverside-sales", "Riverside · salesperson"),
    DemoUser("riverside-manager", "Riverside · desk manager"),
    DemoUser("northgate-sales", "Northgate · salesperson"),
)


class ClientFiles(StaticFiles):
    """The built client. Browsers cache the files and revalidate them."""

    def file_response(
        self, full_path: Any, stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        """Return the file, compressed as the build left it if the browser takes that, with an ETag."""
        packed = _packed(full_path, stat_result) if _takes_gzip(Headers(scope=scope)) else None
        path, found = packed or (full_path, stat_result)
        response = super().file_response(path, found, scope, status_code)
        response.headers["cache-control"] = "no-cache"
        response.headers["vary"] = "accept-encoding"
        if packed:
            response.headers["content-encoding"] = "gzip"
        return response


def _packed(path: Any, plain: os.stat_result) -> tuple[str, os.stat_result] | None:
    """Return the compressed copy of a file; None if there is none, or an older one."""
    packed = Path(f"{path}.gz")
    with suppress(OSError):
        found = packed.stat()
        return (str(packed), found) if found.st_mtime >= plain.st_mtime else None
    return None


def _takes_gzip(headers: Headers) -> bool:
    """Return whether the whole file may be sent compressed; parts are those of the plain one."""
    return "gzip" in headers.get("accept-encoding", "") and "range" not in headers


@cache
def build_of(folder: Path) -> str:
    """Return a name of the client's files in a folder, which changes with them; empty if there are none.

    A page compares it with that of the server it is connected to: then it knows that a newer one is there.
    """
    files = [folder / name for name in ("app.js", "app.css", "managers.css")]
    if not all(file.is_file() for file in files):
        return ""
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:16]


class Pages:
    """The pages and their templates."""

    def routes(self) -> list[BaseRoute]:
        """Return the routes of all pages and of the client's files."""
        return [
            Route("/login", self.show_login, methods=["GET"]),
            Route("/login", self.login, methods=["POST"]),
            Route("/logout", self.logout, methods=["POST"]),
            Route("/", self.show_app, methods=["GET"]),
            Route("/desk", self.show_managers, methods=["GET"]),
            Route("/security", self.show_managers, methods=["GET"]),
            Route("/deals/{deal_id}", self.show_deal, methods=["GET"]),
            Route("/deals/{deal_id}/present", self.show_presentation, methods=["GET"]),
            Route("/gallery", self.show_gallery, methods=["GET"]),
            Mount("/assets", ClientFiles(directory=CLIENT_FILES, check_dir=False)),
        ]

    async def show_app(self, request: Request) -> Response:
        """Serve the client to signed-in users; others go through sign-in and return."""
        identity = await _signed_in(request)
        return _to_sign_in(request) if identity is None else self._app(request, identity)

    async def show_managers(self, request: Request) -> Response:
        """Serve a page that salespeople do not have."""
        identity = await _signed_in(request)
        if identity is None:
            return _to_sign_in(request)
        if Right.WALL not in RIGHTS[identity.account.role]:
            return error_page(request, 403, NOT_YOURS)
        return self._app(request, identity)

    async def show_deal(self, request: Request) -> Response:
        """Serve the page of a deal. A deal of another store is as unknown as one that does not exist."""
        identity = await _signed_in(request)
        if identity is None:
            return _to_sign_in(request)
        store_id = identity.account.store_id
        try:
            async with request.state.web.stores.of(store_id).acquire() as database:
                known = await deal_exists(database, request.path_params["deal_id"])
        except SERVICE_FAILS:
            # The page says by itself what is wrong, and opens the deal when it can.
            known = True
        return self._app(request, identity) if known else error_page(request, 404, NO_DEAL)

    def _app(self, request: Request, identity: Admitted) -> Response:
        return self._page(request, "app.html", {"user": identity.account, "build": build_of(CLIENT_FILES)})

    async def show_gallery(self, request: Request) -> Response:
        """Show the parts of the screen in all their states, in demo mode only."""
        if not request.state.web.settings.demo:
            raise HTTPException(404)
        return self._page(request, "gallery.html", {})

    async def show_presentation(self, request: Request) -> Response:
        """Serve what a customer sees of a deal to signed-in users: a page of its own, which never held
        anything internal. Others go through sign-in and return.
        """
        if await _signed_in(request) is None:
            return _to_sign_in(request)
        values = {"deal_id": request.path_params["deal_id"]}
        return templates().TemplateResponse(request, "offer.html", values)

    async def show_login(self, request: Request) -> Response:
        """Show the sign-in form."""
        return self._login_page(request, _local_path(request.query_params.get("next")))

    async def login(self, request: Request) -> Response:
        """Check login and password and give the browser its session."""
        form = await _form_of(request, max_fields=10)
        login, password = str(form.get("login", "")).strip().lower(), str(form.get("password", ""))
        following = _local_path(str(form.get("next", "")))
        try:
            require_same_site(request, str(form.get(CSRF_FIELD, "")))
        except CommandError as error:
            note_refusal(request, error)
            return self._login_page(request, following, login=login, error=error.message, status=403)
        if not CONTROL_FREE.match(login):
            fault = "login: expected text without control characters"
            return self._login_page(request, following, error=fault, status=400)
        try:
            account = await request.state.web.sign_in.check(login, password, address_of(request))
        except SignInRefused as refused:
            kind = SecurityKind.SIGN_IN_REFUSED if refused.status == 401 else SecurityKind.SIGN_IN_THROTTLED
            note(request, kind, typed_login=login)
            page = self._login_page(
                request, following, login=login, error=refused.message, status=refused.status
            )
            if refused.retry_after_seconds is not None:
                page.headers["retry-after"] = str(refused.retry_after_seconds)
            return page
        async with request.state.web.pool.acquire() as database:
            # A new sign-in in the same browser ends its previous session.
            await revoke_credential(database, _session_of(request))
            token = await issue_credential(database, account.id, CredentialKind.COOKIE, SESSION_LENGTH)
        whose = {"store_id": account.store_id, "user_id": account.id, "login": account.login}
        note(request, SecurityKind.SIGNED_IN, **whose)
        response = RedirectResponse(following, SEE_OTHER)
        set_session(request, response, token)
        return response

    async def logout(self, request: Request) -> Response:
        """End the browser's session."""
        form = await _form_of(request, max_fields=2)
        require_same_site(request, str(form.get(CSRF_FIELD, "")))
        token = _session_of(request)
        if token:
            identity = await identify(request.state.web.pool, request.state.web.settings, request)
            if identity is not None:
                note(request, SecurityKind.SIGNED_OUT, identity)
            async with request.state.web.pool.acquire() as database:
                await revoke_credential(database, token)
        response = RedirectResponse("/login", SEE_OTHER)
        end_session(request, response)
        return response

    def _login_page(
        self, request: Request, following: str, *, login: str = "", error: str = "", status: int = 200
    ) -> Response:
        demo = DEMO_USERS if request.state.web.settings.demo else ()
        values = {
            "next": following,
            "login": login,
            "error": error,
            "demo": demo,
            "demo_password": DEMO_PASSWORD,
        }
        return self._page(request, "login.html", values, status)

    def _page(self, request: Request, name: str, values: dict[str, Any], status: int = 200) -> Response:
        seed = csrf_seed(request)
        token = csrf_token(request, seed)
        response = templates().TemplateResponse(request, name, {**values, "csrf_token": token}, status)
        set_csrf(request, response, seed)
        return response


async def _signed_in(request: Request) -> Admitted | None:
    """Return who is signed in by a browser's session."""
    identity = await identify(request.state.web.pool, request.state.web.settings, request)
    if identity is None or identity.credential.kind is not CredentialKind.COOKIE:
        return None
    return identity


def _to_sign_in(request: Request) -> Response:
    return RedirectResponse("/login?" + urlencode({"next": request.scope["path"]}), SEE_OTHER)


async def _form_of(request: Request, *, max_fields: int) -> FormData:
    """Return the form that one of our pages sent. Raises HTTPException(400) for another kind, or a larger
    one.

    A multipart form names its character set, and some of those produce invalid text.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in {"", FORM}:
        raise HTTPException(400, f"content-type: expected {FORM}")
    return await request.form(max_files=0, max_fields=max_fields, max_part_size=FIELD_BYTES)


def _session_of(request: Request) -> str:
    """Return the browser's session token, or an empty string."""
    return cookie(request.state.web.settings, request, SESSION_COOKIE)


def _local_path(wanted: str | None) -> str:
    """Return ``wanted`` if it is a path of this site, else the list of deals."""
    if wanted and wanted.startswith("/") and not wanted.startswith(("//", "/\\")) and wanted.isprintable():
        return wanted
    return "/"
