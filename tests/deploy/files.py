"""What the deployment files say, read once."""

import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any, Final

import yaml

from server.settings import Settings

ROOT: Final = Path(__file__).resolve().parents[2]
DEPLOY: Final = ROOT / "docs" / "operations" / "deploy"
PORT: Final = 8000
_VARIABLE: Final = re.compile(r"\b(?:DEAL_[A-Z_]+|DATABASE(?:_[A-Z]+)?_URL|REDIS_URL)\b")


def texts() -> Iterator[tuple[str, str]]:
    """Yield the name and the text of each file."""
    for path in sorted(DEPLOY.rglob("*")):
        if path.is_file():
            yield str(path.relative_to(DEPLOY)), path.read_text()


def variables() -> frozenset[str]:
    """Return the variables that the settings know."""
    known = Settings(**{field.name: "" for field in fields(Settings) if field.name.endswith("_url")})
    return frozenset(known.environment())


def named_variables(text: str) -> frozenset[str]:
    """Return the variables of ours that a text names."""
    return frozenset(_VARIABLE.findall(text))


def manifests() -> dict[tuple[str, str], dict[str, Any]]:
    """Return the Kubernetes objects by kind and name."""
    found = {}
    for path in sorted((DEPLOY / "kubernetes").glob("*.yaml")):
        for each in yaml.safe_load_all(path.read_text()):
            found[each["kind"], each["metadata"]["name"]] = each
    return found


def unit(name: str) -> dict[str, list[str]]:
    """Return the values of a systemd unit by their names."""
    found: dict[str, list[str]] = {}
    for line in (DEPLOY / "systemd" / name).read_text().splitlines():
        key, sign, value = line.partition("=")
        if sign and not line.startswith("#"):
            found.setdefault(key, []).append(value)
    return found
