"""The rules and the dashboard for operators: valid, complete, and each alert with what to do."""

import re
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.cluster import needs
from tests.observe.operations import FOLDER, RULES, alerts, dashboard, expressions, panels, sections
from tests.observe.promql import NotPromQL, Query

RULE_TESTS = Path(__file__).parent / "rules-test.yml"


def test_every_expression_is_promql() -> None:
    """Each names at least one metric of ours, of the process or of Python."""
    for text in expressions():
        names = Query(text).metrics
        assert names
        assert all(re.match("deal_|process_|python_", name) for name in names), text


@pytest.mark.parametrize(
    "text",
    [
        *("sum(a", "rate(a)", "a{b=c}", 'a{b="c" d="e"}', "a >", "sum by le (a)", "histogram_quantile(a)"),
        *("a b", "frob(a)", "a[5]", "", "sum by (le) a", "1 +", 'a{b=~"c"', "topk(a)", "rate(a[5m]) >> 1"),
    ],
)
def test_what_is_no_promql_is_refused(text: str) -> None:
    """The check is no formality."""
    with pytest.raises(NotPromQL):
        Query(text)


def test_every_alert_says_what_to_do() -> None:
    """Its section has the same expression, what it means and numbered steps; its summary is for a person."""
    found = sections()
    for alert in alerts():
        assert alert.labels["severity"] in {"critical", "warning"}
        assert len(alert.annotations["summary"]) > 10
        file, anchor = alert.annotations["runbook"].split("#")
        assert (FOLDER.parent.parent / file) == FOLDER / "alerts.md"
        section = found.pop(anchor)
        assert anchor == alert.name.lower()
        assert f"```promql\n{alert.expr}\n```" in section
        assert f"*{alert.labels['severity']}*" in section
        assert "**Means.** " in section
        assert "\n1. " in section.partition("**Do.**")[2]
    assert not found


def test_sections_name_what_exists() -> None:
    """Alerts that a section sends its reader to, panels and anchors are there."""
    names, titles = {alert.name for alert in alerts()}, {panel["title"] for panel in panels()}
    text = (FOLDER / "alerts.md").read_text()
    assert {*re.findall(r"Deal[A-Z]\w+", text)} == names
    named = {*re.findall(r"panels? \*([^*]+)\*", text)}
    assert named
    assert all(any(title.startswith(name) for title in titles) for name in named), named - titles
    for file, anchor in re.findall(r"\]\(([a-z-]+\.md)#([a-z-]+)\)", text):
        heads = re.findall(r"^#+ (.+)$", (FOLDER / file).read_text(), flags=re.MULTILINE)
        assert anchor in {head.lower().replace(" ", "-") for head in heads}


def test_the_dashboard_can_be_imported() -> None:
    """It has a variable for its data source, ids that are unique, and panels that do not overlap."""
    board = dashboard()
    assert {each["name"]: each["type"] for each in board["templating"]["list"]} == {
        "datasource": "datasource",
        "process": "query",
    }
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])
    rows = [panel["title"] for panel in board["panels"] if panel["type"] == "row"]
    known = ("People", "Search", "Values", "Delivery", "Stores and pools", "Processes", "Beyond one machine")
    assert rows == list(known)
    taken = set()
    for panel in board["panels"]:
        at = panel["gridPos"]
        assert at["x"] + at["w"] <= 24
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not cells & taken
        taken |= cells
    for panel in panels():
        assert panel["description"]
        assert all(each["datasource"]["uid"] == "${datasource}" for each in (panel, *panel["targets"]))


def promtool(*words: str | Path) -> str:
    """Run promtool; return what it says. It must succeed. Skips the test if there is none."""
    program = needs.binary("promtool")
    done = subprocess.run([program, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_promtool_takes_every_expression(tmp_path: Path) -> None:
    """The rules as they are, and the dashboard's expressions as rules."""
    assert f"{len(alerts())} rules found" in promtool("check", "rules", RULES)
    shown = [target["expr"] for panel in panels() for target in panel["targets"]]
    plain = [text.replace("$__rate_interval", "5m").replace("$process", ".*") for text in shown]
    rules = [{"record": f"panel:{number}", "expr": text} for number, text in enumerate(plain)]
    file = tmp_path / "panels.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}))
    promtool("check", "rules", file)


def test_alerts_fire_when_they_should() -> None:
    """And not while all is well: see the file."""
    promtool("test", "rules", RULE_TESTS)


def test_every_alert_is_seen_firing() -> None:
    """An alert that no test fires may be one that cannot fire."""
    fired: set[str] = set()
    for case in yaml.safe_load(RULE_TESTS.read_text())["tests"]:
        fired |= {each["alertname"] for each in case.get("alert_rule_test", ()) if each.get("exp_alerts")}
        for each in case.get("promql_expr_test", ()):
            for sample in each["exp_samples"]:
                fired.update(re.findall(r'alertname="(\w+)"', sample["labels"]))
    assert {alert.name for alert in alerts()} == fired
