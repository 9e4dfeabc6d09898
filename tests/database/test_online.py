"""Revisions that run outside a transaction are steps, each of which can be repeated."""

import pytest

from server.database.core.migrating.online import steps_of

FILE = """-- Why.
-- step: index
CREATE INDEX CONCURRENTLY IF NOT EXISTS cars_seats
    ON cars (seats);

-- step: seats, repeated
UPDATE cars SET seats = 5 WHERE id IN (SELECT id FROM cars WHERE seats IS NULL LIMIT 10);
"""


def test_a_file_is_its_steps() -> None:
    index, fill = steps_of(FILE)
    assert (index.name, index.index, index.repeated) == ("index", "cars_seats", False)
    assert (fill.name, fill.index, fill.repeated) == ("seats", None, True)
    assert index.statement.startswith("CREATE INDEX") and index.statement.endswith("(seats);")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("CREATE INDEX CONCURRENTLY IF NOT EXISTS a ON b (c);", "-- step: NAME"),
        ("-- step: index\nCREATE INDEX CONCURRENTLY a ON b (c);", "IF NOT EXISTS"),
        ("-- step: index\nCREATE UNIQUE INDEX IF NOT EXISTS a ON b (c);", "CONCURRENTLY"),
    ],
)
def test_what_could_not_be_repeated_is_refused(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        list(steps_of(text))
