"""The report of a run: one HTML file that needs nothing else and runs no script."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, Final

from client.load.judging.result import NAMES
from client.load.reporting.plots import curves_of, events, steps_of, timeline

STYLE: Final = """
:root { color-scheme: light dark; --ink: #1b1f24; --dim: #59636e; --line: #d0d7de; --page: #fff;
  --band: #f3f6f9; --good: #1a7f37; --bad: #cf222e; --c0: #0b63ce; --c1: #bc4c00; --c2: #1a7f37;
  --c3: #8250df; --c4: #9a6700; --c5: #bf3989; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --dim: #9aa4af; --line: #30363d;
  --page: #0d1117; --band: #161c24; --good: #3fb950; --bad: #ff7b72; --c0: #58a6ff; --c1: #f0883e;
  --c2: #3fb950; --c3: #bc8cff; --c4: #d29922; --c5: #f778ba; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--page);
  max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; margin-bottom: 0; } h2 { font-size: 1.15rem; margin: 2.2rem 0 .6rem; }
.verdict { font-size: 1.1rem; font-weight: 600; padding: .6rem .9rem; border-left: 5px solid;
  margin: 1rem 0; }
.good { color: var(--good); } .bad { color: var(--bad); } .dim, figcaption { color: var(--dim); }
figcaption { margin-bottom: .3rem; }
.wide { overflow-x: auto; } table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid var(--line); vertical-align: top; }
th { font-weight: 600; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1.2rem; margin: .5rem 0; }
dt { color: var(--dim); } dd { margin: 0; overflow-wrap: anywhere; }
figure { margin: 1.2rem 0; } svg { width: 100%; height: auto; display: block; }
svg text { font: 12px system-ui, sans-serif; fill: var(--ink); } svg text.dim { fill: var(--dim); }
.grid { stroke: var(--line); } .edge { fill: none; } .steady { fill: var(--band); } .bar { fill: var(--c0); }
polyline { fill: none; stroke-width: 2; stroke-linejoin: round; }
.limit { stroke: var(--bad); stroke-dasharray: 5 4; }
.holds { fill: var(--good); } .breaks { fill: var(--bad); } .invalid { fill: var(--dim); }
.keys { display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; margin: .4rem 0 0; font-size: .85rem; }
.keys i { display: inline-block; width: 1.1rem; height: .25rem;
  margin-right: .45rem; vertical-align: middle; }
"""
COLOURS: Final = "".join(
    f"polyline.c{n} {{ stroke: var(--c{n}); }} circle.c{n} {{ fill: var(--c{n}); }}"
    f" .k{n} {{ background: var(--c{n}); }}\n"
    for n in range(6)
)
PLAN: Final = (
    *("mode", "salespeople", "watchers", "rate", "deals", "ramp", "steady", "drain", "arrivals", "seed"),
    *("matches", "note_bytes", "slow", "processes"),
)
FIGURES: Final = ("count", "p50_ms", "p90_ms", "p95_ms", "p99_ms", "p99.9_ms", "max_ms")
FINDINGS: Final = {
    "gaps": "events that did not come",
    "duplicates": "events that came twice",
    "disorder": "events in wrong order",
    "strays": "events that differ from what others heard",
    "unequal": "clients whose state differs from a fresh snapshot",
    "behind": "clients that had not caught up in the end",
    "unchecked": "clients that could not be checked",
}


def page(outcome: Mapping[str, Any]) -> str:
    """Return the report of an outcome, as JSON has it, as HTML."""
    result, plan = outcome["result"], outcome["plan"]
    last = plan["ramp"] + plan["steady"]
    phases = [
        ("ramp", 0, plan["ramp"]),
        ("steady", plan["ramp"], last),
        ("drain", last, last + plan["drain"]),
    ]
    shown = [phase for phase in phases if phase[2] > phase[1]]
    metric = NAMES.get(outcome["metric"], outcome["metric"])
    fine = "good" if outcome["exit_code"] == 0 else "bad"
    about = f"{plan['mode']} against {outcome['target']}, {outcome['began']}"
    parts = [
        f'<h1>Load: {escape(plan["mode"])}</h1><p class="dim">{escape(about)}</p>',
        f'<p class="verdict {fine}">{escape(outcome["verdict"])}</p>',
        _steps(outcome),
        "<h2>Latencies in the steady phase</h2>",
        '<p class="dim">From the time that the schedule intended. Milliseconds.</p>',
        _latencies(result["phases"]["steady"]),
        curves_of(result["curves"], {}),
        f"<h2>Over the run: {escape(metric)}</h2>",
        timeline(result["timeline"], shown),
        events(result["timeline"], shown),
        "<h2>Conditions</h2>",
        _conditions(result["conditions"]),
        "<h2>Views of the clients</h2>",
        _views(result["views"]),
        "<h2>The generator itself</h2>",
        _generator(result["generator"]),
        "<h2>Counts</h2>",
        _counts(result["counts"]),
    ]
    for phase in ("ramp", "drain"):
        if result["phases"][phase]:
            parts += [f"<h2>Latencies in the {phase}</h2>", _latencies(result["phases"][phase])]
    parts += ["<h2>The plan</h2>", _pairs({name: plan[name] for name in PLAN}), _pairs(outcome["generator"])]
    title = f"Load: {plan['mode']}"
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}{COLOURS}</style></head><body>"
        + "\n".join(part for part in parts if part)
        + "</body></html>\n"
    )


def _latencies(figures: Mapping[str, Mapping[str, float]]) -> str:
    rows = [
        [name, NAMES.get(name, f"command {name}, until its reply"), *(_number(each[one]) for one in FIGURES)]
        for name, each in figures.items()
    ]
    heads = ["name", "what", *(one.removesuffix("_ms") for one in FIGURES)]
    return _table(heads, rows, numbers=2) if rows else "<p>Nothing was measured.</p>"


def _conditions(verdicts: Sequence[Mapping[str, Any]]) -> str:
    rows = [[each["condition"], _measured(each), "holds" if each["met"] else "MISSED"] for each in verdicts]
    return _table(["condition", "measured", ""], rows)


def _measured(verdict: Mapping[str, Any]) -> str:
    if verdict["value"] is None:
        return "not measured"
    return f"{verdict['value']:,.1f} {'%' if verdict['unit'] == 'percent' else 'ms'}"


def _views(views: Mapping[str, Any]) -> str:
    rows = [[FINDINGS[name], f"{count:,}"] for name, count in views["counts"].items()]
    listed = "".join(f"<li>{escape(each)}</li>" for each in views["details"])
    said = f"<p>{views['checked']:,} clients were compared with fresh ones.</p>"
    return said + _table(["", "count"], rows, numbers=1) + (f"<ul>{listed}</ul>" if listed else "")


def _generator(generator: Mapping[str, Any]) -> str:
    rows = [
        [str(at), f"{each['cpu']:.0%}", *(_number(each[name]) for name in _STRAIN)]
        for at, each in enumerate(generator["processes"], 1)
    ]
    heads = ["process", "CPU of a core", "loop lag p50", "p99", "max", "arrivals late p50", "p99", "max"]
    said = "; ".join(generator["reasons"]) or "It kept up with its schedule: the figures are valid."
    return f"<p>{escape(said)}</p>{_table(heads, rows, numbers=1)}"


_STRAIN: Final = ("lag_p50_ms", "lag_p99_ms", "lag_max_ms", "late_p50_ms", "late_p99_ms", "late_max_ms")


def _counts(counts: Mapping[str, Mapping[str, int]]) -> str:
    rows = [[group, name, f"{count:,}"] for group, each in counts.items() for name, count in each.items()]
    return _table(["", "", "count"], rows, numbers=2)


def _steps(outcome: Mapping[str, Any]) -> str:
    if not outcome["steps"]:
        return ""
    rows, points, limit = [], [], None
    for step in outcome["steps"]:
        first = step["conditions"][0]
        kind = (
            "invalid"
            if not step["valid"]
            else "breaks"
            if not all(each["met"] for each in step["conditions"])
            else "holds"
        )
        rows.append([str(step["level"]), f"{step['rate']:g}", _measured(first), kind])
        points.append((step["level"], first["value"], kind))
    unit = "salespeople" if outcome["plan"]["mode"] in {"steady", "search"} else "watchers"
    table = _table([unit, "arrivals a second", outcome["steps"][0]["conditions"][0]["condition"], ""], rows)
    return f"<h2>Up to the capacity</h2>{steps_of(points, unit, limit)}{table}"


def _pairs(values: Mapping[str, Any]) -> str:
    items = "".join(
        f"<dt>{escape(name.replace('_', ' '))}</dt><dd>{escape(str(value))}</dd>"
        for name, value in values.items()
    )
    return f"<dl>{items}</dl>"


def _number(value: float) -> str:
    if value == int(value):
        return f"{value:,.0f}"
    return f"{value:,.1f}" if value >= 100 else f"{value:.3g}"


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]], *, numbers: int | None = None) -> str:
    """Return a table; from column ``numbers`` on, cells are numbers."""

    def cell(tag: str, at: int, text: str) -> str:
        right = ' class="n"' if numbers is not None and at >= numbers else ""
        return f"<{tag}{right}>{escape(text)}</{tag}>"

    head = "".join(cell("th", at, text) for at, text in enumerate(heads))
    body = "".join(f"<tr>{''.join(cell('td', at, text) for at, text in enumerate(row))}</tr>" for row in rows)
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
