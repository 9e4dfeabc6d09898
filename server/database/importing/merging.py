"""The SQL by which staged rows are checked against each other and merged into the stock."""

from dataclasses import fields

from server.database.importing.columns import ColumnMap
from server.database.importing.parsing import Car

CAR_COLUMNS = tuple(one.name for one in fields(Car))
_COLUMN_OF = {
    "condition": "condition_tenths",
    "mileage": "mileage",
    "certified": "is_new",
    "days_in_stock": "stocked_on",
} | {
    name: f"{name}_cents"
    for name in (
        "price",
        "cost",
        "recon",
        "holdback",
        "dealer_cash",
        "invoice",
        "msrp",
        "wholesale",
        "retail",
    )
}

UNSAID = {
    "is_new": "coalesce(staged.is_new, known.is_new, false)",
    "stocked_on": "coalesce(staged.stocked_on, known.stocked_on, $2::date)",
}
"""What a row may leave open, and what then stands."""

ONE_STORE = ("$3", "$4")
STAGED_STORES = ("staged.store_id", "staged.group_id")
"""Where a staged car's store and group stand: in two arguments for all cars, or with each."""

DUPLICATES = """
SELECT line, cells, vin, first
  FROM (SELECT line, cells, vin, min(line) OVER (PARTITION BY vin) AS first FROM staged) s
 WHERE line <> first ORDER BY line
"""
ELSEWHERE = """
SELECT s.line, s.cells, s.vin, v.store_id AS other FROM staged s JOIN vehicles v USING (vin)
 WHERE v.store_id <> $1 ORDER BY s.line
"""
DOUBTFUL = "SELECT line, cells FROM staged WHERE right(cells, 4) <> ',[]]' ORDER BY line"


def merge_statement(layout: ColumnMap, *, kind_in_condition: bool, store: tuple[str, str] = ONE_STORE) -> str:
    """Return the INSERT that adds staged cars and updates known ones in the columns that the file has.

    Arguments: book source, today and, for ONE_STORE, store and group. With STAGED_STORES a known car moves to
    the store of its row. It returns the number of added and updated cars. What a row does not say of UNSAID
    stays with a known car; a new one is used, and in stock since today. The day of the book is the car's day
    in stock.
    """
    stated = (*layout.positions, *layout.constants)
    given = list(dict.fromkeys(_COLUMN_OF.get(name, name) for name in stated if name != "vin"))
    if store == STAGED_STORES:
        given += ["store_id", "group_id"]
    if "price" not in stated:
        given.append("price_cents")  # derived from what the file has
    if kind_in_condition:
        kept = [name for name in given if name != "condition_tenths"]
        given = list(dict.fromkeys((*kept, "is_new")))
    if {"wholesale", "retail"} & layout.stated:
        given += [name for name in ("wholesale_cents", "retail_cents") if name not in given]
        books = ["book_source", "book_date"]
    else:
        books = []
    values = {name: f"staged.{name}" for name in CAR_COLUMNS} | UNSAID
    booked = "num_nulls(staged.wholesale_cents, staged.retail_cents) < 2"
    return f"""
WITH merged AS (
    INSERT INTO vehicles AS v (store_id, group_id, {", ".join(CAR_COLUMNS)}, book_source, book_date)
    SELECT {", ".join(store)}, {", ".join(values.values())},
           CASE WHEN {booked} THEN $1 END,
           CASE WHEN {booked} THEN {values["stocked_on"]} END
      FROM staged LEFT JOIN vehicles AS known USING (vin) ORDER BY line
    ON CONFLICT (vin) DO UPDATE SET {", ".join(f"{name} = EXCLUDED.{name}" for name in (*given, *books))}
     WHERE ({", ".join(f"v.{name}" for name in given)})
           IS DISTINCT FROM ({", ".join(f"EXCLUDED.{name}" for name in given)})
    RETURNING xmax = 0 AS is_added
)
SELECT count(*) FILTER (WHERE is_added), count(*) FILTER (WHERE NOT is_added) FROM merged
"""  # noqa: S608 - names of our own
