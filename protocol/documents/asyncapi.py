"""The AsyncAPI 3 document of the socket: what a client may send, and what the server sends."""

from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from protocol.commands import COMMAND_TYPES
from protocol.events import MESSAGE_TYPES, kind_of


def asyncapi(extra: Iterable[type], extension_schema: Callable[[type], dict[str, Any]]) -> dict[str, Any]:
    """Return the AsyncAPI 3 document of ``/ws``.

    ``extra`` are types that the messages hold as plain objects; ``extension_schema`` gives the schema of what
    msgspec does not know.
    """
    _, schemas = msgspec.json.schema_components(
        [*COMMAND_TYPES, *MESSAGE_TYPES, *extra],
        schema_hook=extension_schema,
        ref_template="#/components/schemas/{name}",
    )
    kinds = (*COMMAND_TYPES, *MESSAGE_TYPES)
    return {
        "asyncapi": "3.1.0",
        "info": {
            "title": "Deal Architect",
            "version": "1",
            "description": "Subprotocol deal.v1: a text frame holds JSON objects, one on each line.",
            "license": {"name": "MIT"},
        },
        "defaultContentType": "application/json",
        "channels": {
            "socket": {
                "address": "/ws",
                "messages": {
                    kind_of(kind): {"$ref": f"#/components/messages/{kind_of(kind)}"} for kind in kinds
                },
            }
        },
        "operations": {
            "command": _operation("receive", "What a client may send.", COMMAND_TYPES),
            "message": _operation("send", "What the server sends.", MESSAGE_TYPES),
        },
        "components": {
            "messages": {
                kind_of(kind): {
                    "name": kind_of(kind),
                    "summary": summary_of(kind),
                    "payload": {"$ref": f"#/components/schemas/{kind.__name__}"},
                }
                for kind in kinds
            },
            "schemas": schemas,
        },
    }


def _operation(action: str, summary: str, kinds: Iterable[type[msgspec.Struct]]) -> dict[str, Any]:
    return {
        "action": action,
        "summary": summary,
        "channel": {"$ref": "#/channels/socket"},
        "messages": [{"$ref": f"#/channels/socket/messages/{kind_of(kind)}"} for kind in kinds],
    }


def summary_of(kind: type) -> str:
    """Return the first paragraph of a type's docstring on one line."""
    return (kind.__doc__ or "").strip().split("\n\n")[0].replace("\n    ", " ").replace("``", "`")
