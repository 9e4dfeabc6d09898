"""The names of our scripts in Redis: a slow log and a list of calls show only the digest of their source."""

from hashlib import sha1
from importlib.resources import files

from server.log.links.keys import sharded
from server.log.redis_scripts import SCRIPT_NAMES, source_of

_WITH_ROOM = "server.work"
"""Where scripts share one first part."""

_PLAIN = ("server.log", "server.counts")


def script_names() -> dict[str, str]:
    """Return the name of each script by its digest, as EVALSHA takes it."""
    sources = {name: source_of(name) for name in SCRIPT_NAMES}
    for package in _PLAIN:
        for script in files(package).joinpath("scripts").iterdir():
            if script.name.endswith(".lua"):
                sources.setdefault(script.name.removesuffix(".lua"), script.read_text())
    queue = files(_WITH_ROOM).joinpath("scripts")
    room = queue.joinpath("room.lua").read_text()
    sources |= {
        f"queue {script.name.removesuffix('.lua')}": room + script.read_text()
        for script in queue.iterdir()
        if script.name.endswith(".lua")
    }
    return {
        sha1(text.encode(), usedforsecurity=False).hexdigest(): name
        for name, source in sources.items()
        for text in {source, sharded(source)}
    }
