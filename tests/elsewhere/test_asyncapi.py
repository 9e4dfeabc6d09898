"""The socket's document, read by the AsyncAPI project's own parser."""

import json
from pathlib import Path

from protocol.schema import ASYNCAPI
from tests.elsewhere.packages import package, run_node


def test_the_parser_finds_nothing(tmp_path: Path) -> None:
    """No error, and no warning or hint either; a message that no channel has is an error to it."""
    package("@asyncapi/parser")
    document = json.loads(ASYNCAPI.read_text())
    document["operations"]["command"]["messages"][0] = {"$ref": "#/channels/socket/messages/nothing"}
    broken = tmp_path / "asyncapi.json"
    broken.write_text(json.dumps(document))

    ours, planted = json.loads(run_node("asyncapi.mjs", str(ASYNCAPI), str(broken)))

    assert ours == {"parsed": True, "faults": []}
    assert not planted["parsed"]
    assert planted["faults"][0].startswith("invalid-ref at operations/command/messages/0/$ref")
