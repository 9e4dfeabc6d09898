"""A warehouse of the tests: its tables, and rows that a dealer's systems could have written."""

import datetime as dt
import random
from collections.abc import Iterable, Sequence
from typing import Any

import asyncpg

from protocol import vin as vins

LONG_AGO = dt.datetime(2026, 1, 5, 6, tzinfo=dt.UTC)
TABLES = """
CREATE SCHEMA deal_architect;
CREATE TABLE deal_architect.stock (
    vin varchar(32), store varchar(40), stock_no varchar(40), year integer, make varchar(60),
    model varchar(60),
    is_new boolean, mileage integer, price numeric(12, 2), cost numeric(12, 2), wholesale numeric(12, 2),
    stocked_on date, updated_at timestamp NOT NULL, deleted_at timestamp);
CREATE INDEX ON deal_architect.stock (updated_at, vin);
CREATE TABLE deal_architect.customers (
    customer_id bigint, store varchar(40), name varchar(120), state varchar(10), phone varchar(40),
    city varchar(60), monthly_income numeric(12, 2), score integer, score_source varchar(20), score_date date,
    updated_at timestamptz NOT NULL, deleted_at timestamptz);
CREATE INDEX ON deal_architect.customers (updated_at, customer_id);
CREATE TABLE deal_architect.loans (
    loan_id varchar(40), originated_on date, term_months integer, amount_cents bigint,
    rate_bp double precision,
    value_cents bigint, tier varchar(20), payment_cents bigint, pti_bp double precision,
    updated_at timestamp NOT NULL);
CREATE TABLE deal_architect.payments (
    payment_id bigint, loan_id varchar(40), due_on date, paid_cents bigint, principal_cents bigint,
    interest_cents bigint, balance_cents bigint, status varchar(20), days_past_due integer,
    recovery_cents bigint, updated_at timestamp NOT NULL);
CREATE INDEX ON deal_architect.payments (updated_at, payment_id);
"""
MAKES = (("Honda", "Accord"), ("Toyota", "Camry"), ("Ford", "Escape"))


def vin_of(number: int) -> str:
    """Return a sound VIN for a number."""
    text = f"1HGCM8{number % 10}0X{number:08d}"
    return text[:8] + vins.check_digit(text[:8] + "0" + text[9:]) + text[9:]


def cars(
    count: int, stores: Sequence[str], *, first: int = 0, at: dt.datetime = LONG_AGO
) -> list[tuple[Any, ...]]:
    """Return rows of stock; several share a moment, as rows of one load do."""
    chance = random.Random(first)
    rows = []
    for number in range(first, first + count):
        make, model = MAKES[number % len(MAKES)]
        cost = 9_000 + chance.randrange(20_000)
        is_new = number % 4 == 0
        moment = (at + dt.timedelta(seconds=number // 7)).replace(tzinfo=None)
        rows.append(
            (
                vin_of(number), stores[number % len(stores)], f"S{number}", 2025 if is_new else 2021, make,
                model,
                is_new, 12 if is_new else 20_000 + chance.randrange(40_000), cost * 1.1, cost, cost * 1.02,
                dt.date(2025, 11, 3), moment, None,
            )
        )  # fmt: skip
    return rows


def customers(count: int, stores: Sequence[str], *, at: dt.datetime = LONG_AGO) -> list[tuple[Any, ...]]:
    """Return rows of customers."""
    return [
        (
            number, stores[number % len(stores)], f"Pat Buyer {number}", "OH", f"555-01{number:02d}",
            "Dayton",
            4_000 + number, 700, "bureau", dt.date(2026, 1, 2), at + dt.timedelta(seconds=number // 5), None,
        )
        for number in range(count)
    ]  # fmt: skip


def payments(count: int, *, at: dt.datetime = LONG_AGO) -> list[tuple[Any, ...]]:
    """Return rows of payments, twelve of each loan."""
    rows = []
    for number in range(count):
        due = dt.date(2025, number % 12 + 1, 15)
        moment = (at + dt.timedelta(seconds=number // 9)).replace(tzinfo=None)
        rows.append(
            (
                number,
                f"L{number // 12}",
                due,
                30_000,
                25_000,
                5_000,
                900_000 - number,
                "current",
                0,
                0,
                moment,
            )
        )
    return rows


def loans(count: int, *, at: dt.datetime = LONG_AGO) -> list[tuple[Any, ...]]:
    """Return rows of loans."""
    return [
        (f"L{number}", dt.date(2024, 12, 20), 60, 2_000_000, 899.0, 2_200_000, "prime", 41_000, 900.0,
        at.replace(tzinfo=None))
        for number in range(count)
    ]  # fmt: skip


async def fill(database: asyncpg.Connection, **tables: Iterable[tuple[Any, ...]]) -> None:
    """Add rows to tables."""
    for table, rows in tables.items():
        await database.copy_records_to_table(table, schema_name="deal_architect", records=list(rows))
