"""The OpenAPI 3.1 document of the HTTP API, without the pages."""

import re
from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from protocol.deal.customers import CustomerFacts
from protocol.deal.presenting import OfferSession, OfferToken
from protocol.documents.operations import (
    AFTER,
    CSV,
    DEGRADED,
    HTML,
    INVALID_BODY,
    JSON,
    LIMIT,
    NOT_FOUND,
    ONLY_SIGNED_IN,
    PDF,
    REFUSED_BY_ALL,
    SHORT,
    TEXT,
    TOO_MANY,
    Operation,
    Schema,
    answer,
    body,
    content,
    form,
    page,
    reference,
)
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
    SecurityEventList,
    SecurityKind,
)
from protocol.records import DealKind

BODIES: Final = (
    NewDeal,
    CustomerFacts,
    CustomerMade,
    DealBegun,
    DealList,
    CustomerList,
    Found,
    Audit,
    OfferToken,
    OfferSession,
    SecurityEventList,
    Readiness,
    Refusal,
)


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
                {"200": answer("The deals.", DealList)},
                ONLY_SIGNED_IN,
                (
                    AFTER,
                    LIMIT,
                ),
            ),
            "post": Operation(
                "Create a deal for a customer of the store.",
                {"201": answer("The deal.", DealBegun)},
                ONLY_SIGNED_IN | NOT_FOUND | INVALID_BODY,
                body=body(JSON, reference(NewDeal)),
            ),
        },
        "/api/deals/{deal_id}/audit": {
            "get": Operation(
                "Download everything about a deal; for managers of its store.",
                {
                    "200": answer("The audit.", Audit)
                    | {"content": content(JSON, reference(Audit)) | content(CSV)}
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
                {"200": {"description": "The paper."} | {"content": content(PDF)}},
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
        "/api/offer-session": {
            "post": Operation(
                "Open a customer's link: sets the cookie with which the page opens its socket.",
                {"200": answer("The deal's channel.", OfferSession)},
                {
                    "403": "The request did not come from a page of this server.",
                    "404": "The link is unknown, revoked or expired.",
                    **INVALID_BODY,
                    **TOO_MANY,
                    **DEGRADED,
                },
                body=body(JSON, reference(OfferToken)),
                is_open=True,
            )
        },
        "/api/customers": {
            "get": Operation(
                "Find customers of the store by part of their name.",
                {"200": answer("The customers.", CustomerList)},
                ONLY_SIGNED_IN,
                ({"name": "q", "in": "query", "schema": SHORT}, LIMIT),
            ),
            "post": Operation(
                "Add a customer, with a co-buyer if there is one, to the store.",
                {"201": answer("The customer.", CustomerMade)},
                ONLY_SIGNED_IN | INVALID_BODY,
                body=body(JSON, reference(CustomerFacts)),
            ),
        },
        "/api/find": {
            "get": Operation(
                "Find customers and deals of the store by name, phone, deal or stock number.",
                {"200": answer("What was found.", Found)},
                ONLY_SIGNED_IN,
                ({"name": "q", "in": "query", "schema": SHORT},),
            )
        },
        "/api/security-events": {
            "get": Operation(
                "List the store's security events, the newest first; for managers and operators.",
                {"200": answer("The events.", SecurityEventList)},
                ONLY_SIGNED_IN,
                (
                    {
                        "name": "kind",
                        "in": "query",
                        "schema": {"type": "string", "enum": [each.value for each in SecurityKind]},
                    },
                    {"name": "who", "in": "query", "description": "A login or an address.", "schema": SHORT},
                    {
                        "name": "since",
                        "in": "query",
                        "description": "A day such as 2026-01-31, or a time with its UTC offset.",
                        "schema": SHORT,
                    },
                    AFTER,
                    LIMIT,
                ),
            )
        },
        "/login": {
            "get": Operation(
                "Show the sign-in form.",
                {"200": page("The form.")},
                parameters=({"name": "next", "in": "query", "schema": SHORT},),
                is_open=True,
            ),
            "post": Operation(
                "Sign in with login and password.",
                {"303": {"description": "Signed in. Redirects to `next` and sets the session cookie."}},
                {
                    "401": "Username or password is wrong.",
                    "403": "The page is out of date.",
                    **TOO_MANY,
                    **DEGRADED,
                },
                body=form("login", "password", "next"),
                is_open=True,
                refuses_by=HTML,
            ),
        },
        "/logout": {
            "post": Operation(
                "End the browser's session.",
                {"303": {"description": "Signed out. Redirects to the sign-in form."}},
                {"403": "The page is out of date.", **DEGRADED},
                body=form(),
                is_open=True,
            )
        },
        "/healthz": {
            "get": Operation(
                "Report that the process runs.", {"200": page("The process runs.", TEXT)}, is_open=True
            )
        },
        "/readyz": {
            "get": Operation(
                "Report whether the process is ready to serve.",
                {"200": answer("Ready.", Readiness), "503": answer("Not ready.", Readiness)},
                is_open=True,
            )
        },
        "/metrics": {
            "get": Operation(
                "Export metrics in the Prometheus text format.",
                {"200": page("The metrics.", TEXT)},
                {"403": "The address may not read the metrics."},
                is_open=True,
            )
        },
    }


def _described(name: str, operation: Operation) -> Schema:
    word, _, path = name.partition(" ")
    words = [part.strip("{}") for part in re.split(r"[/.-]", path) if part not in {"", "api"}]
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
    more = {"400": content(TEXT)}.get(status, {})
    page = content(HTML) if operation.refuses_by == HTML else {}
    return content(JSON, reference(Refusal)) | more | page
