"""What a trip asks for, in a few words, so that a budget that does not hold says which trips were made."""

import hashlib
import re
from importlib.resources import files

from server.log.redis_scripts import SCRIPT_NAMES, source_of
from tests.trips.counting import Read

MOST_CHARACTERS = 70


def postgres_reader() -> Read:
    """Return what reads one connection to Postgres: a statement's text, by its name once it is prepared."""
    named: dict[bytes, str] = {}

    def read(block: bytes) -> str:
        words = []
        while len(block) >= 5 and chr(block[0]) in "QPBEDSCHXp":
            kind, size = chr(block[0]), int.from_bytes(block[1:5])
            body, block = block[5 : 1 + size], block[1 + size :]
            if kind == "Q":
                words.append(_short(body.rstrip(b"\0")))
            elif kind == "P":
                name, _, rest = body.partition(b"\0")
                named[name] = _short(rest.partition(b"\0")[0])
                words.append(f"prepare {named[name]}")
            elif kind == "B":
                name = body.split(b"\0", 2)[1]
                words.append(named.get(name, "bind"))
            elif kind == "E" and not words:
                words.append("execute")
        return " + ".join(words) or "connect"

    return read


def redis_reader() -> Read:
    """Return what reads a connection to Redis: the command, and the name of a script of ours."""

    def read(block: bytes) -> str:
        parts = block.split(b"\r\n", 6)
        command = parts[2].decode(errors="replace") if len(parts) > 2 else "?"
        if command in {"EVALSHA", "EVAL"} and len(parts) > 4:
            return _SCRIPTS.get(parts[4].decode(errors="replace"), command)
        return command

    return read


def _scripts() -> dict[str, str]:
    sources = [(f"{name}.lua", source_of(name)) for name in SCRIPT_NAMES]
    for package, name in (("server.log", "presence.lua"), ("server.counts", "usage.lua")):
        sources.append((name, files(package).joinpath("scripts", name).read_text()))
    queue = files("server.work").joinpath("scripts")
    room = queue.joinpath("room.lua").read_text()
    sources += [(script.name, room + script.read_text()) for script in queue.iterdir()]
    return {
        hashlib.sha1(source.encode(), usedforsecurity=False).hexdigest(): name for name, source in sources
    }


_SCRIPTS = _scripts()


def _short(sql: bytes) -> str:
    return re.sub(r"\s+", " ", sql.decode(errors="replace")).strip()[:MOST_CHARACTERS]
