"""The OpenAPI 3.1 document of the HTTP API, without the pages."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from protocol.deal.customers import CustomerFacts
from protocol.http import (
    Audit,
    CustomerList,
    CustomerMade,
    DealBegun,
    DealList,
    Found,
    NewDeal,
    Readiness,
    Refusal,
)
from protocol.records import DealKind

Schema = dict[str, Any]

JSON, FORM, HTML, TEXT, CSV, PDF = (
    "application/json",
    "application/x-www-form-urlencoded",
    "text/html",
    "text/plain",
    "text/csv",
    "application/pdf",
)
BODIES: Final = (
    NewDeal,
    CustomerFacts,
    CustomerMade,
    DealBegun,
    DealList,
    CustomerList,
    Found,
    Audit,
    Readiness,
    Refusal,
)
LIMIT: Final = {
    "name": "limit",
    "in": "query",
    "description": "The most items to return. Default: 50.",
    "schema": {"type": "integer", "minimum": 1, "maximum": 200},
}
CSRF: Final = {"type": "string", "description": "The CSRF token from the page that holds the form."}
SHORT: Final = {"type": "string"}
REFUSED_BY_ALL: Final = {
    "400": "The request is not valid HTTP.",
    "422": "A field is invalid. `detail` names it.",
    "429": "Too many requests. `Retry-After` says how long to wait.",
    "503": "Postgres or Redis is unavailable. Try again.",
}
ONLY_SIGNED_IN: Final = {
    "401": "No valid credential.",
    "403": "The role or the token's scope does not allow it.",
}
NOT_FOUND: Final = {"404": "There is no such item in this store."}
TOO_LARGE: Final = {"413": "The body is too large."}


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path. ``answers`` are the successful responses by status."""

    summary: str
    answers: Mapping[str, Schema]
    refusals: Mapping[str, str] = field(default_factory=dict)
    parameters: tuple[Schema, ...] = ()
    body: Schema | None = None
    is_open: bool = False
    refuses_by: str = JSON


def openapi(schema_hook: Callable[[type], Schema]) -> Schema:
    """Return the document; ``schema_hook`` returns the schema of types that msgspec does not know."""
    _, schemas = msgspec.json.schema_components(
        BODIES, schema_hook=schema_hook, ref_template="#/components/schemas/{name}"
    )
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Deal Architect",
            "version": "1",
            "description": "Deals over HTTP. asyncapi.json describes the WebSocket of the live workspace.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "paths": {
            path: {method: _described(f"{method} {path}", one) for method, one in methods.items()}
            for path, methods in _paths().items()
        },
        "components": {
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "description": "`deal-architect token`."}
            },
            "schemas": schemas,
        },
    }


def _paths() -> Mapping[str, Mapping[str, Operation]]:
    return {
        "/api/deals": {
            "get": Operation(
                "List the store's deals, the most recently changed first.",
                {"200": _json("The deals.", DealList)},
                ONLY_SIGNED_IN,
                (
                    {
                        "name": "after",
                        "in": "query",
                        "description": "`next` from the previous page.",
                        "schema": SHORT,
                    },
                    LIMIT,
                ),
            ),
            "post": Operation(
                "Create a deal for a customer of the store.",
                {"201": _json("The deal.", DealBegun)},
                ONLY_SIGNED_IN | NOT_FOUND | TOO_LARGE,
                body=_body(JSON, _reference(NewDeal)),
            ),
        },
        "/api/deals/{deal_id}/audit": {
            "get": Operation(
                "Download everything about a deal; for managers of its store.",
                {
                    "200": _json("The audit.", Audit)
                    | {"content": _content(JSON, _reference(Audit)) | _content(CSV)}
                },
                ONLY_SIGNED_IN | NOT_FOUND,
                (
                    {"name": "deal_id", "in": "path", "required": True, "schema": SHORT},
                    {"name": "format", "in": "query", "schema": {"type": "string", "enum": ["json", "csv"]}},
                ),
            )
        },
        "/api/deals/{deal_id}/paper.pdf": {
            "get": Operation(
                "Print the customer's paper of a deal: a proposal, or a comparison of up to three cars.",
                {"200": {"description": "The paper."} | {"content": _content(PDF)}},
                ONLY_SIGNED_IN
                | NOT_FOUND
                | {"409": "The deal has no car, or no lender program accepts one of these."},
                (
                    {"name": "deal_id", "in": "path", "required": True, "schema": SHORT},
                    {
                        "name": "cars",
                        "in": "query",
                        "description": "Up to three vehicle ids, comma-separated. Default: the deal's car.",
                        "schema": SHORT,
                    },
                    {
                        "name": "pencil",
                        "in": "query",
                        "description": "Of a single car: the quote to print, priced as of today.",
                        "schema": {"type": "string", "format": "uuid"},
                    },
                    {
                        "name": "kind",
                        "in": "query",
                        "description": "Of a single car: the way to pay, if it is not the deal's.",
                        "schema": {"type": "string", "enum": [each.value for each in DealKind]},
                    },
                ),
            )
        },
        "/api/customers": {
            "get": Operation(
                "Find customers of the store by part of their name.",
                {"200": _json("The customers.", CustomerList)},
                ONLY_SIGNED_IN,
                ({"name": "q", "in": "query", "schema": SHORT}, LIMIT),
            ),
            "post": Operation(
                "Add a customer, with a co-buyer if there is one, to the store.",
                {"201": _json("The customer.", CustomerMade)},
                ONLY_SIGNED_IN | TOO_LARGE,
                body=_body(JSON, _reference(CustomerFacts)),
            ),
        },
        "/api/find": {
            "get": Operation(
                "Find customers and deals of the store by name, phone, deal or stock number.",
                {"200": _json("What was found.", Found)},
                ONLY_SIGNED_IN,
                ({"name": "q", "in": "query", "schema": SHORT},),
            )
        },
        "/login": {
            "get": Operation(
                "Show the sign-in form.",
                {"200": _page("The form.")},
                parameters=({"name": "next", "in": "query", "schema": SHORT},),
                is_open=True,
            ),
            "post": Operation(
                "Sign in with login and password.",
                {"303": {"description": "Signed in. Redirects to `next` and sets the session cookie."}},
                {"401": "Username or password is wrong.", "403": "The page is out of date."},
                body=_form("login", "password", "next"),
                is_open=True,
                refuses_by=HTML,
            ),
        },
        "/logout": {
            "post": Operation(
                "End the browser's session.",
                {"303": {"description": "Signed out. Redirects to the sign-in form."}},
                {"403": "The page is out of date."},
                body=_form(),
                is_open=True,
            )
        },
        "/healthz": {
            "get": Operation(
                "Report that the process runs.", {"200": _page("The process runs.", TEXT)}, is_open=True
            )
        },
        "/readyz": {
            "get": Operation(
                "Report whether the process is ready to serve.",
                {"200": _json("Ready.", Readiness), "503": _json("Not ready.", Readiness)},
                is_open=True,
            )
        },
        "/metrics": {
            "get": Operation(
                "Export metrics in the Prometheus text format.",
                {"200": _page("The metrics.", TEXT)},
                is_open=True,
            )
        },
    }


def _described(name: str, operation: Operation) -> Schema:
    word, _, path = name.partition(" ")
    words = [part.strip("{}") for part in path.split("/") if part not in {"", "api"}]
    refusals = {**REFUSED_BY_ALL, **operation.refusals}
    described: Schema = {
        "operationId": "_".join([word, *words]),
        "summary": operation.summary,
        "security": [] if operation.is_open else [{"token": []}],
        "responses": {
            **{
                status: {"description": text, "content": _refusal(status, operation)}
                for status, text in sorted(refusals.items())
            },
            **operation.answers,
        },
    }
    if operation.parameters:
        described["parameters"] = list(operation.parameters)
    if operation.body is not None:
        described["requestBody"] = operation.body
    return described


def _refusal(status: str, operation: Operation) -> Schema:
    # The server below answers invalid HTTP, in plain text. A form is answered by its page.
    more = {"400": _content(TEXT)}.get(status, {})
    page = _content(HTML) if operation.refuses_by == HTML else {}
    return _content(JSON, _reference(Refusal)) | more | page


def _reference(kind: type) -> Schema:
    return {"$ref": f"#/components/schemas/{kind.__name__}"}


def _content(media_type: str, schema: Schema | None = None) -> Schema:
    return {media_type: {"schema": {"type": "string"} if schema is None else schema}}


def _json(description: str, kind: type) -> Schema:
    return {"description": description, "content": _content(JSON, _reference(kind))}


def _page(description: str, media_type: str = HTML) -> Schema:
    return {"description": description, "content": _content(media_type)}


def _body(media_type: str, schema: Schema) -> Schema:
    return {"required": True, "content": _content(media_type, schema)}


def _form(*names: str) -> Schema:
    properties = {"csrf_token": CSRF} | dict.fromkeys(names, SHORT)
    needed = ["csrf_token", *(name for name in names if name != "next")]
    schema = {"type": "object", "properties": properties, "required": needed, "additionalProperties": False}
    return _body(FORM, schema)
