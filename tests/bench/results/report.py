"""The report of a run: one HTML file that needs nothing else, with plots."""

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

from tests.bench.results.figures import Figure, Report, number
from tests.bench.results.plots import draw_distances, draw_samples

STYLE = """
:root { color-scheme: light dark; --ink: #1b1f24; --dim: #6a737d; --line: #d0d7de; --page: #fff;
  --ours: #0b63ce; --other: #9a6700; --met: #1a7f37; --missed: #cf222e; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --dim: #8b949e; --line: #30363d;
  --page: #0d1117; --ours: #58a6ff; --other: #d29922; --met: #3fb950; --missed: #f85149; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--page);
  max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2.5rem; }
table { border-collapse: collapse; width: 100%; } .wide { overflow-x: auto; }
th, td { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid var(--line); }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.met { color: var(--met); } .missed { color: var(--missed); font-weight: 600; } .none { color: var(--dim); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1rem; } dd { margin: 0; }
figure { margin: 1rem 0; } figcaption, .note { color: var(--dim); font-size: .85rem; }
svg { width: 100%; height: auto; } svg text { font: 12px system-ui, sans-serif; fill: var(--ink); }
"""


def write_report(reports: Mapping[str, Report], machine: Mapping[str, str], path: Path) -> None:
    """Write the report to ``path``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page(reports, machine))


def page(reports: Mapping[str, Report], machine: Mapping[str, str]) -> str:
    """Return the report as HTML."""
    every = [figure for figures, _ in reports.values() for figure in figures]
    aimed = [figure for figure in every if figure.met is not None]
    missed = [figure for figure in aimed if not figure.met]
    parts = "".join(_part(name, *report) for name, report in reports.items())
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Deal Architect: benchmarks</title><style>{STYLE}</style></head><body>"
        "<h1>Deal Architect: benchmarks</h1>"
        f"<p>{len(aimed) - len(missed)} of {len(aimed)} goals met. Ours and the floor or peer were measured "
        "in turns in one run. Only the ratios travel to other machines.</p>"
        f"{_missed(missed)}"
        f"<figure>{draw_distances(aimed)}<figcaption>How far each figure is from its goal, on a logarithmic "
        "scale: right of the line is met.</figcaption></figure>"
        f"{parts}<h2>Machine</h2>{_machine(machine)}</body></html>\n"
    )


def _missed(figures: Sequence[Figure]) -> str:
    if not figures:
        return ""
    lines = "".join(
        f'<li class="missed">{escape(one.name)}: {one.ratio_text}, goal {escape(one.goal_text)}</li>'
        for one in figures
    )
    return f"<p>Missed:</p><ul>{lines}</ul>"


def _part(name: str, figures: Sequence[Figure], notes: Sequence[str]) -> str:
    rows = "".join(_row(figure) for figure in figures)
    plots = "".join(
        f"<figure>{draw_samples(figure)}<figcaption>{escape(figure.name)}, {escape(figure.unit)}: each turn, "
        "and the line at the median</figcaption></figure>"
        for figure in figures
        if figure.samples and figure.floor_samples
    )
    said = "".join(f'<p class="note">{escape(note)}</p>' for note in notes)
    heads = "".join(f'<th class="n">{head}</th>' for head in ("ours", "floor or peer", "ratio", "goal"))
    return (
        f'<h2>{escape(name)}</h2><div class="wide"><table><thead><tr><th>figure</th><th>unit</th>{heads}'
        f"<th>verdict</th><th>the floor or peer is</th></tr></thead><tbody>{rows}</tbody></table></div>"
        f"{said}{plots}"
    )


def _row(figure: Figure) -> str:
    kind = {True: "met", False: "missed", None: "none"}[figure.met]
    numbers = (number(figure.ours), number(figure.floor), figure.ratio_text, figure.goal_text)
    cells = "".join(f'<td class="n">{escape(text)}</td>' for text in numbers)
    return (
        f"<tr><td>{escape(figure.name)}</td><td>{escape(figure.unit)}</td>{cells}"
        f'<td class="{kind}">{figure.verdict}</td><td>{escape(figure.floor_is)}</td></tr>'
    )


def _machine(machine: Mapping[str, str]) -> str:
    lines = "".join(f"<dt>{escape(key)}</dt><dd>{escape(value)}</dd>" for key, value in machine.items())
    return f"<dl>{lines}</dl>"
