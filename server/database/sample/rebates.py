"""Sample rebates: invented programmes for makes of the sample stock. No manufacturer stands behind them."""

import datetime as dt
from collections.abc import Iterator

from protocol.money.lending import Rebate

MILITARY, LOYALTY, GRADUATE = "military", "loyalty", "graduate"


def sample_rebates(year: int) -> Iterator[Rebate]:
    """Yield the rebates of a calendar year, for cars of its model year and the one before."""
    for make, dollars in (("Ford", 1_000), ("Chevrolet", 1_250), ("Nissan", 750)):
        yield _rebate(year, f"{make}-cash", "Customer cash (sample)", make, dollars)
        yield _rebate(year, f"{make}-loyalty", "Owner loyalty (sample)", make, 500, requires=(LOYALTY,))
        yield _rebate(year, f"{make}-military", "Military (sample)", make, 500, requires=(MILITARY,))
    yield _rebate(year, "toyota-graduate", "Graduate (sample)", "Toyota", 500, requires=(GRADUATE,))
    yield _rebate(year, "ford-f150", "F-150 conquest (sample)", "Ford", 1_750, model="F-150", stackable=False)


def _rebate(
    year: int,
    rebate_id: str,
    programme: str,
    make: str,
    dollars: int,
    *,
    model: str | None = None,
    requires: tuple[str, ...] = (),
    stackable: bool = True,
) -> Rebate:
    return Rebate(
        rebate_id=rebate_id.lower(),
        programme=programme,
        make=make,
        model=model,
        year_min=year - 1,
        starts_on=dt.date(year, 1, 1),
        ends_on=dt.date(year, 12, 31),
        amount_cents=dollars * 100,
        requires=requires,
        stackable=stackable,
    )
