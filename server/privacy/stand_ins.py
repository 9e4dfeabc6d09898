"""A pencil without the customer's means: income, debts and score become what its answer does not depend on.

A pencil must stay computable to the cent. So each number is taken out if the answer is the same without it,
else made as coarse as the answer allows. Only a number that decides a figure stays as it is: the figure
itself tells it.
"""

from collections.abc import Iterator
from typing import Any, Final

import asyncpg
import msgspec

from server.database.deals.pencils import StoredPencil
from server.work.replay import replay_pencil
from server.work.tables import Tables

MEANS: Final = {
    "score": (None, (50, 20, 10)),
    "other_debt_cents": (0, (1_000_00, 250_00, 50_00)),
    "monthly_income_cents": (None, (5_000_00, 1_000_00, 250_00, 50_00)),
}
"""What each number becomes if nothing depends on it, and else the steps to which it is rounded down."""


def coarser(name: str, value: int) -> Iterator[int | None]:
    """Yield what a number may become, each once, what tells least first; never the number itself."""
    nothing, steps = MEANS[name]
    rounded = (value // step * step for step in steps)
    # Trying one costs a whole quote.
    yield from (each for each in dict.fromkeys((nothing, *rounded)) if each != value)


async def means_of(database: asyncpg.Connection, tables: Tables, pencil: StoredPencil) -> dict[str, Any]:
    """Return the three numbers that the pencil's inputs shall have, so that its answer is as it was."""
    expected = await replay_pencil(database, tables, pencil)
    for name in MEANS:
        value = getattr(pencil.inputs, name)
        if not value:
            continue
        for instead in coarser(name, value):
            inputs = msgspec.structs.replace(pencil.inputs, **{name: instead})
            tried = msgspec.structs.replace(pencil, inputs=inputs)
            if await replay_pencil(database, tables, tried) == expected:
                pencil = tried
                break
    return {name: getattr(pencil.inputs, name) for name in MEANS}
