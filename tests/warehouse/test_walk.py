"""Which rows come next: every row once, in whatever pages, however the moments lie."""

import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.warehouse.fields import What
from server.warehouse.layout import Column, find_table, read_layout
from server.warehouse.reading.keyset import Position, Walk, keys_query, moment_of, page_query, tie_query

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
    within = Walk(Position(START, "A'B"), TARGET, 10)

    sql, _ = page_query(table, Walk(Position(START), TARGET, 10), 10)

    assert "w.\"updated_at\" >= TIMESTAMP '2026-01-01 00:00:00.000000'" in sql
    assert "w.\"updated_at\" < TIMESTAMP '2026-01-02 00:00:00.000000'" in sql
    assert 'CASE WHEN w."is_new" THEN \'new\' WHEN NOT w."is_new" THEN \'used\' END AS "is_new"' in sql
    assert sql.endswith('ORDER BY w."updated_at", w."vin" LIMIT 10')
    assert "COUNT" not in sql.upper()
    assert ">= TIMESTAMP '2026-01-01 00:00:00.000001'" in page_query(table, within, 3)[0]
    rest, arguments = tie_query(table, within) or ("", ())
    assert arguments == ("A'B",)
    assert rest.endswith(
        'WHERE w."updated_at" = TIMESTAMP \'2026-01-01 00:00:00.000000\' AND w."vin" > CAST($1 AS VARCHAR)'
        ' ORDER BY w."vin" LIMIT 10'
    )
    assert tie_query(table, Walk(Position(START), TARGET, 10)) is None
    assert keys_query(table, None, 5)[0].endswith(
        'FROM "deal_architect"."stock" AS w ORDER BY w."vin" LIMIT 5'
    )


def test_pages_that_took_too_long_grow_again_but_not_at_once() -> None:
    """A page of half the rows that is good does not mean that a whole one would be."""
    walk = Walk(Position(START), TARGET, 100)
    for _ in range(3):
        smaller = walk.smaller()
        assert smaller is not None
        walk = smaller
    sizes, spans = [], []
    for number in range(40):
        sizes.append(walk.rows)
        spans.append(walk.span)
        walk = walk.after(walk.rows, Position(START + dt.timedelta(seconds=number), "x"))
    assert sizes[:9] == [12] * 9
    assert [sizes.count(size) for size in (12, 25, 50, 100)] == [9, 9, 9, 13]
    assert walk.after(0, None).span == 2 * walk.span
    slow = Walk(Position(START), TARGET, 100).smaller()
    assert slow is not None
    assert slow.after(0, None).span == slow.span


def test_pages_do_not_become_smaller_than_a_row_and_a_second() -> None:
    walk: Walk | None = Walk(Position(START), TARGET, 100)
    asked = 0
    while walk is not None:
        assert walk.rows >= 1
        walk, asked = walk.smaller(), asked + 1
    assert asked < 30


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
