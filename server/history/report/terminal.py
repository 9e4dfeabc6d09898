"""The old model against the new one at the terminal."""

from rich.console import Console
from rich.table import Table
from rich.text import Text

from server.history.comparing import TERMS
from server.history.report.page import SHOWN_LTV_BP, Calibrated


def show(found: Calibrated, console: Console) -> None:
    """Print the comparison by tier, the values, and what there is to say. Nothing is taken for markup.

    The hazard of default is that of the middle of the term.
    """
    console.print(
        Text(
            f"risk model {found.estimate.model.version} in place of {found.old.version}"
            f" from {found.effective}: {found.payment_rows:,} rows of payments,"
            f" {found.first_month} to {found.last_month}, and {found.loans:,} loans"
        )
    )
    console.print(_tiers(found))
    console.print(
        Text(f"NPV of $25,000 at an LTV of {SHOWN_LTV_BP / 100:g} % and the tier's mean rate, and the change")
    )
    console.print(_values(found))
    for note in found.notes:
        console.print(Text(f"Note: {note}", style="yellow"))
    for objection in (*found.objections, *found.doubts):
        console.print(Text(f"Against it: {objection}", style="bold red"))


def _tiers(found: Calibrated) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("tier, months")
    for name in ("hazard", "defaults", "ABS", "recovered", "lost a year"):
        table.add_column(name, justify="right")
    severities = {one.tier: one for one in found.estimate.tiers}
    for view in found.views:
        middle, one = view.term // 2, severities[view.tier]
        old_recovery, recovery = (
            next(each.recovery for each in model.curves if each.tier.value == view.tier)
            for model in (found.old, found.estimate.model)
        )
        table.add_row(
            Text(f"{view.tier}, {view.term}"),
            f"{view.old.default[middle] * 100:.2f} > {view.new.default[middle]:.2%}",
            f"{view.old.lost[-1] * 100:.2f} > {view.new.lost[-1]:.2%}",
            f"{view.old.prepayment[0] * 100:.2f} > {view.new.prepayment[0]:.2%}",
            f"{old_recovery * 100:.0f} > {recovery:.0%}",
            f"{one.net_loss_rate:.2%}",
        )
    return table


def _values(found: Calibrated) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("tier")
    for term in TERMS:
        table.add_column(f"{term} months", justify="right")
    for tier in dict.fromkeys(one.tier for one in found.contracts):
        mine = [one for one in found.contracts if one.tier == tier and one.ltv_bp == SHOWN_LTV_BP]
        table.add_row(Text(tier), *(f"{one.new:,.0f} {one.change:+,.0f}" for one in mine))
    return table
