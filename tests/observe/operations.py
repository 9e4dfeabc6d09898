"""What docs/operations holds for Prometheus and Grafana, read as data."""

import json
import re
from dataclasses import dataclass
from typing import Any, Final

import yaml

from tests.services import ROOT

FOLDER: Final = ROOT / "docs" / "operations"
RULES: Final = FOLDER / "prometheus-rules.yml"
DASHBOARD: Final = FOLDER / "grafana-dashboard.json"


@dataclass(frozen=True)
class Alert:
    """One rule."""

    name: str
    expr: str
    annotations: dict[str, str]
    labels: dict[str, str]


def alerts() -> list[Alert]:
    """Return all rules."""
    groups = yaml.safe_load(RULES.read_text())["groups"]
    return [
        Alert(rule["alert"], rule["expr"], rule["annotations"], rule["labels"])
        for group in groups
        for rule in group["rules"]
    ]


def panels() -> list[dict[str, Any]]:
    """Return the panels of the dashboard that show something."""
    return [panel for panel in dashboard()["panels"] if panel["type"] != "row"]


def dashboard() -> dict[str, Any]:
    """Return the dashboard."""
    found: dict[str, Any] = json.loads(DASHBOARD.read_text())
    return found


def expressions() -> list[str]:
    """Return every expression of the rules and of the dashboard."""
    shown = [target["expr"] for panel in panels() for target in panel["targets"]]
    return [alert.expr for alert in alerts()] + shown


def sections() -> dict[str, str]:
    """Return the text of each alert's section by its anchor."""
    found = re.split(r"^## (.+)$", (FOLDER / "alerts.md").read_text(), flags=re.MULTILINE)
    return {name.lower(): text for name, text in zip(found[1::2], found[2::2], strict=True)}


def family_of(metric: str) -> str:
    """Return the name under which a sample's metric is declared."""
    return re.sub(r"(?<=_seconds)_(bucket|count|sum)$", "", metric)
