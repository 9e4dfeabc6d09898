"""The parts that the operations of the OpenAPI document are put together from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

Schema = dict[str, Any]

JSON, FORM, HTML, TEXT, CSV, PDF = (
    "application/json",
    "application/x-www-form-urlencoded",
    "text/html",
    "text/plain",
    "text/csv",
    "application/pdf",
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
    "400": "The request is not valid HTTP, or a parameter is invalid: `detail` names it."
}
DEGRADED: Final = {"503": "Postgres or Redis is unavailable. Try again."}
TOO_MANY: Final = {"429": "Too many requests. `Retry-After` says how long to wait."}
ONLY_SIGNED_IN: Final = {
    "401": "No valid credential.",
    "403": "The role or the token's scope does not allow it.",
    **TOO_MANY,
    **DEGRADED,
}
INVALID_BODY: Final = {"413": "The body is too large.", "422": "A field is invalid. `detail` names it."}
AFTER: Final = {
    "name": "after",
    "in": "query",
    "description": "`next` from the previous page.",
    "schema": {"type": "string"},
}
NOT_FOUND: Final = {"404": "There is no such item in this store."}


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


def reference(kind: type) -> Schema:
    """Return a reference to the schema of a type."""
    return {"$ref": f"#/components/schemas/{kind.__name__}"}


def content(media_type: str, schema: Schema | None = None) -> Schema:
    """Return content of one media type; without a schema it is text."""
    return {media_type: {"schema": {"type": "string"} if schema is None else schema}}


def answer(description: str, kind: type) -> Schema:
    """Return a JSON answer."""
    return {"description": description, "content": content(JSON, reference(kind))}


def page(description: str, media_type: str = HTML) -> Schema:
    """Return an answer in text."""
    return {"description": description, "content": content(media_type)}


def body(media_type: str, schema: Schema) -> Schema:
    """Return the body of a request."""
    return {"required": True, "content": content(media_type, schema)}


def form(*names: str) -> Schema:
    """Return the body of a form with these fields and the CSRF token; ``next`` may be left out."""
    properties = {"csrf_token": CSRF} | dict.fromkeys(names, SHORT)
    needed = ["csrf_token", *(name for name in names if name != "next")]
    schema = {"type": "object", "properties": properties, "required": needed, "additionalProperties": False}
    return body(FORM, schema)
