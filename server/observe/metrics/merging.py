"""Puts the metrics of several processes together: one text, each family once. No I/O.

The samples of each process have a label that names it. So no two are equal, and only the order of the lines
has to change: the format wants the samples of a family together, after its head.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(slots=True)
class _Family:
    head: list[str] = field(default_factory=list)
    samples: list[str] = field(default_factory=list)


def merged(texts: Iterable[str]) -> str:
    """Return the text of all families, in the order in which they first appear.

    ``texts`` are what ``Exposition`` writes: each family begins with its ``# HELP`` line, and has a
    ``# TYPE`` line. Of what several texts say in a head, the first one counts.
    """
    families: dict[str, _Family] = {}
    for text in texts:
        family, is_new = _Family(), False
        for line in text.splitlines():
            if line.startswith("# HELP "):
                name = line.split(" ", 3)[2]
                is_new = name not in families
                family = families.setdefault(name, _Family())
            if line.startswith("#"):
                if is_new:
                    family.head.append(line)
            elif line:
                family.samples.append(line)
    lines = [line for family in families.values() for line in (*family.head, *family.samples)]
    return "".join(f"{line}\n" for line in lines)


def up(answered: dict[str, bool]) -> str:
    """Return the family that says which processes answered, by name."""
    lines = [
        "# HELP deal_process_up Whether a process of this machine answered when it was asked for its metrics",
        "# TYPE deal_process_up gauge",
        *(f'deal_process_up{{process="{name}"}} {int(is_up)}' for name, is_up in answered.items()),
    ]
    return "".join(f"{line}\n" for line in lines)
