"""Mapping files that are not usable: each error names the place and what was expected."""

from pathlib import Path

import pytest

from server.warehouse.errors import LayoutError
from server.warehouse.fields import What
from server.warehouse.layout import read_layout, type_of
from server.warehouse.reading.pacing import Pacing, Patience
from server.warehouse.reading.source import Warehouse


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[stock", "TOML"),
        ("[stok]", "'?stok'?: expected one of stock, customers, loans, payments"),
        ("stock = 3", r"\[stock\]: expected a table"),
        ("[stock]\ncolour = 'x'", "colour: expected one of table, id, updated_at"),
        ("[stock]\ntable = 3", r"\[stock\] table: expected a name in quotes"),
        ("[stock.columns]\nprize = 'x'", r"\[stock\] columns prize: expected one of vin"),
        ("[stock.stores]\n001 = 5", r"\[stock\] stores: expected names with texts"),
        ("[customers.constants]\nincome = '5'", "income: expected one of name, state"),
    ],
)
def test_what_is_wrong_with_a_file_is_named(text: str, words: str, tmp_path: Path) -> None:
    file = tmp_path / "warehouse.toml"
    file.write_text(text)

    with pytest.raises(LayoutError, match=words):
        read_layout(file)


def test_without_a_file_the_tables_are_those_of_our_schema() -> None:
    assert {what: one.name for what, one in read_layout(None).items()} == {
        what: f"deal_architect.{what}" for what in What
    }


@pytest.mark.parametrize("url", ["", "mysql://x/y", "x"])
def test_an_address_that_is_none_is_refused_before_anything_starts(url: str) -> None:
    with pytest.raises(
        LayoutError, match="WAREHOUSE_URL: expected an address that begins with postgresql://"
    ):
        Warehouse(url, Pacing(1.0), Patience())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("character varying(256)", "character varying"),
        ("VARCHAR(20)", "character varying"),
        ("timestamp(6) without time zone", "timestamp without time zone"),
        ("timestamptz", "timestamp with time zone"),
        ("numeric(18,0)", "numeric"),
        ("int8", "bigint"),
        ("super", "super"),
    ],
)
def test_types_are_known_by_any_of_their_names(text: str, expected: str) -> None:
    assert type_of(text) == expected
