"""Which rows come next: every row once, in whatever pages, however the moments lie."""

import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.warehouse.fields import What
from server.warehouse.layout import Column, find_table, read_layout
from server.warehouse.reading.keyset import Position, Walk, keys_query, moment_of, page_query

START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
TARGET = START + dt.timedelta(days=400)
moments = st.integers(0, 400 * 86_400).map(lambda seconds: START + dt.timedelta(seconds=seconds))
rows_of = st.lists(st.tuples(moments, st.integers(0, 50)), max_size=60, unique=True)


def page_of(rows: list[tuple[dt.datetime, int]], walk: Walk) -> list[tuple[dt.datetime, int]]:
    """Answer as a warehouse does."""
    at, key = walk.position.at, walk.position.id
    found = [
        (moment, number)
        for moment, number in sorted(rows)
        if at <= moment < walk.until and (key is None or moment > at or number > int(key))
    ]
    return found[: walk.rows]


@settings(max_examples=30)
@given(rows_of, st.integers(1, 9), st.data())
def test_a_walk_reads_each_row_once_and_its_queries_are_bounded(
    rows: list[tuple[dt.datetime, int]], size: int, data: st.DataObject
) -> None:
    """Also with bursts of equal moments, after any change of the page's size, and when it is resumed."""
    bursts = rows + [(rows[0][0], number) for number in range(100, 120)] if rows else []
    walk, read, asked = Walk(Position(START), TARGET, size), [], 0
    while not walk.done:
        asked += 1
        if data.draw(st.booleans()):
            walk = Walk(walk.position, TARGET, data.draw(st.integers(1, 9)))
        found = page_of(bursts, walk)
        read += found
        last = Position(found[-1][0], str(found[-1][1])) if found else None
        walk = walk.after(len(found), last)

    assert read == sorted(row for row in bursts if row[0] < TARGET)
    assert asked < 10_000


def test_an_empty_stretch_of_ten_years_takes_a_dozen_queries() -> None:
    walk, asked = Walk(Position(START), START + dt.timedelta(days=3_650), 1_000), 0
    while not walk.done:
        walk, asked = walk.after(0, None), asked + 1
    assert asked == 12


def test_a_page_asks_for_no_more_than_its_span_and_compares_columns_one_by_one() -> None:
    columns = [
        Column(name, "character varying")
        for name in ("vin", "store", "year", "make", "model", "mileage", "price")
    ]
    layout = read_layout(None)[What.STOCK]
    table = find_table(
        layout, [*columns, Column("is_new", "boolean"), Column("updated_at", "timestamp without time zone")]
    )
    walk = Walk(Position(START, "A'B"), TARGET, 10)

    sql, arguments = page_query(table, walk)

    assert arguments == ("A'B",)
    assert "\"updated_at\" >= TIMESTAMP '2026-01-01 00:00:00.000000'" in sql
    assert "\"updated_at\" < TIMESTAMP '2026-01-02 00:00:00.000000'" in sql
    assert '"vin" > CAST($1 AS VARCHAR)' in sql
    assert 'CASE WHEN "is_new" THEN \'new\' WHEN NOT "is_new" THEN \'used\' END AS "is_new"' in sql
    assert sql.endswith('ORDER BY "updated_at", "vin" LIMIT 10')
    assert "COUNT" not in sql.upper()
    assert keys_query(table, None, 5)[0].endswith('FROM "deal_architect"."stock" ORDER BY "vin" LIMIT 5')


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-01-01 00:00:00", START),
        ("2026-01-01 00:00:00.5", START + dt.timedelta(milliseconds=500)),
        ("2026-01-01 01:00:00+01", START),
        ("2026-01-01 00:00:00.000001+00", START + dt.timedelta(microseconds=1)),
    ],
)
def test_moments_are_read_as_warehouses_write_them(text: str, expected: dt.datetime) -> None:
    assert moment_of(text) == expected
