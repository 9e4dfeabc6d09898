"""The commands for exactness, as a person or a script calls them: JSON in, JSON out, exit codes."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from server.commands.money import MOST_BYTES
from tests.commands.here import run_here

CONTRACT = {"price_cents": 1_000_000, "rate_bp": 1_000, "term_months": 36, "contract_date": "2026-01-01"}
LEVEL = {
    "advances": 5_000,
    "payments": [{"amount": 230, "unit_periods": number} for number in range(1, 25)],
    "unit_periods_per_year": 12,
}
VALUE = {
    "amount_financed": 30_000,
    "rate": 0.0799,
    "term_months": 72,
    "funding_rate": 0.05,
    "cnl": 0.03,
    "loss_timing": [[12, 0.3], [24, 0.6], [36, 0.8], [48, 0.92], [72, 1.0]],
    "recovery": 0.45,
    "recovery_lag_months": 6,
    "abs_speed": 0.015,
    "servicing_per_month": 4,
}
CASH = {"kind": "cash", "price_cents": 4_000_000, "trade_allowance_cents": 1_500_000, "tax_rate_bp": 700}
WHOLE_LEASE = {
    "msrp_cents": 2_300_000,
    "price_cents": 2_100_000,
    "rebate_cents": 50_000,
    "residual_cents": 1_311_000,
    "money_factor": 0.00125,
    "term_months": 36,
    "tax_rate_bp": 1_025,
    "upfront_fees_cents": 120_000,
    "acquisition_fee_cents": 65_000,
}
LEASE = {"cap_cost_cents": 3_500_000, "residual_cents": 2_000_000, "rate_bp": 300, "term_months": 36}
PRICE_NAMES = [
    "tax_cents", "principal_cents", "amount_financed_cents", "payment_cents", "last_payment_cents",
    "total_interest_cents", "finance_charge_cents", "total_of_payments_cents", "apr_percent", "schedule",
    "down_payment_cents", "total_sale_price_cents", "itemization", "products",
]  # fmt: skip
ROW_NAMES = ["number", "date", "payment_cents", "interest_cents", "principal_cents", "balance_cents"]


def run(*words: str, given: str) -> subprocess.CompletedProcess[str]:
    """Run a command with text on its standard input, and no service anywhere."""
    nowhere = {
        "PATH": "",
        "DATABASE_URL": "postgresql://nowhere.invalid/none",
        "REDIS_URL": "redis://nowhere.invalid",
    }
    return run_here(*words, environ=nowhere, stdin=given)


def answer(command: str, request: dict[str, Any]) -> dict[str, Any]:
    """Return what a command prints for a request that it can answer."""
    done = run(command, "-", given=json.dumps(request))
    assert (done.returncode, done.stderr) == (0, "")
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def test_price_prints_every_name_of_a_priced_contract() -> None:
    """10,000 at 10 % over 36 months, with its schedule; standard input is the default."""
    done = run("price", given=json.dumps(CONTRACT))
    priced = json.loads(done.stdout)
    assert done.returncode == 0
    assert list(priced) == PRICE_NAMES
    assert (priced["payment_cents"], priced["last_payment_cents"], priced["apr_percent"]) == (
        32_267,
        32_275,
        10.0,
    )
    assert list(priced["schedule"][0]) == ROW_NAMES
    assert (len(priced["schedule"]), priced["schedule"][0]["date"]) == (36, "2026-02-01")
    assert done.stdout.startswith('{\n  "tax_cents": 0,\n')


def test_a_file_is_read_as_standard_input_is(tmp_path: Path) -> None:
    """A path in place of -."""
    file = tmp_path / "contract.json"
    file.write_text(json.dumps(CONTRACT))
    assert run("price", str(file), given="").stdout == run("price", given=json.dumps(CONTRACT)).stdout


def test_a_contract_without_a_date_is_todays() -> None:
    """The first payment is a month from today."""
    undated = {name: value for name, value in CONTRACT.items() if name != "contract_date"}
    assert answer("price", undated)["payment_cents"] == 32_267


def test_apr_value_roll_and_lease_answer() -> None:
    """Each with its published figure."""
    assert round(answer("apr", LEVEL)["apr_percent"], 2) == 9.69
    valued = answer("value", VALUE)
    assert list(valued) == ["npv", "parts", "realised_cnl"]
    assert valued["npv"] == 715.19
    assert valued["parts"] == {
        "interest": 7_861.25, "funding": -5_209.72, "loss": -934.46, "prepayment": -883.86,
        "servicing": -118.02, "acquisition": 0.0,
    }  # fmt: skip
    rolled = answer("roll", CONTRACT | {"vary": "cash_down", "payment_cents": 30_000})
    assert rolled["contract"]["payment_cents"] == 30_000
    assert rolled["cash_down_cents"] == 70_248
    assert answer("lease", LEASE)["payment_cents"] == 48_542
    whole = answer("lease", WHOLE_LEASE)
    assert (whole["payment_cents"], whole["payment_with_tax_cents"]) == (24_729, 27_264)
    assert whole["due_at_signing_cents"] == 2_363_51


def test_a_cash_deal_has_an_out_the_door_price() -> None:
    """With its parts, and without a rate, a term or an APR; a lease is another command's."""
    priced = answer("price", CASH)
    assert (priced["tax_cents"], priced["out_the_door_cents"]) == (280_000, 2_780_000)
    assert not {"apr_percent", "schedule", "payment_cents"} & set(priced)
    assert answer("price", CONTRACT | {"kind": "finance"}) == answer("price", CONTRACT)


@pytest.mark.parametrize(
    ("command", "given", "field"),
    [
        ("price", "", "input"),
        ("price", "[1]", "input"),
        ("price", '{"price_cents": 1', "input"),
        ("price", CONTRACT | {"price_cents": -1}, "price_cents"),
        ("price", CONTRACT | {"price_cents": "1"}, "price_cents"),
        ("price", CONTRACT | {"price_cents": 10.5}, "price_cents"),
        ("price", CONTRACT | {"rate_bp": 12.345}, "rate_bp"),
        ("price", CONTRACT | {"colour": "red"}, "colour"),
        ("price", {"price_cents": 1, "rate_bp": 1}, "term_months"),
        ("price", CONTRACT | {"day_count": "30/365"}, "day_count"),
        ("price", CONTRACT | {"contract_date": "yesterday"}, "contract_date"),
        ("price", CONTRACT | {"discount_cents": 1_000_001}, "discount_cents"),
        ("price", CONTRACT | {"first_payment_date": "2026-01-01"}, "first_payment_date"),
        ("price", CONTRACT | {"cash_down_cents": 1_000_000}, "principal_cents"),
        ("price", CONTRACT | {"contract_date": "9999-12-15"}, "contract_date"),
        (
            "price",
            CONTRACT | {"contract_date": "9999-12-15", "first_payment_date": "9999-12-31"},
            "contract_date",
        ),
        ("price", CONTRACT | {"first_payment_date": "9999-12-31"}, "first_payment_date"),
        ("price", CONTRACT | {"contract_date": "2200-12-31"}, "first_payment_date"),
        (
            "roll",
            CONTRACT | {"contract_date": "9999-12-31", "vary": "term", "payment_cents": 1},
            "contract_date",
        ),
        (
            "roll",
            CONTRACT | {"contract_date": "9999-12-01", "vary": "rate", "payment_cents": 1},
            "contract_date",
        ),
        ("price", '{"price_cents": 1, "rate_bp": 0, "term_months": 1, "price_cents": 2}', "price_cents"),
        (
            "apr",
            '{"advances": 1, "payments": [{"amount": 1, "amount": 2}], "unit_periods_per_year": 1}',
            "amount",
        ),
        ("apr", LEVEL | {"advances": -1}, "advances"),
        ("apr", LEVEL | {"payments": []}, "payments"),
        ("apr", LEVEL | {"unit_periods_per_year": 0}, "unit_periods_per_year"),
        ("apr", LEVEL | {"payments": [{"amount": -5}]}, "payments[0].amount"),
        ("value", VALUE | {"loss_timing": [[12, 0.3], [24, 0.2], [72, 1.0]]}, "loss_timing"),
        ("value", VALUE | {"loss_timing": [[12, 0.3], [72, 0.9]]}, "loss_timing"),
        ("value", VALUE | {"recovery": 1.0}, "recovery"),
        ("roll", CONTRACT | {"vary": "colour", "payment_cents": 1}, "vary"),
        ("roll", CONTRACT | {"vary": "rate", "payment_cents": 1}, "payment_cents"),
        ("lease", LEASE | {"residual_cents": 4_000_000}, "residual_cents"),
        ("lease", WHOLE_LEASE | {"tax_method": "never"}, "tax_method"),
        ("lease", WHOLE_LEASE | {"money_factor": 0.1}, "money_factor"),
        ("price", CASH | {"kind": "lease"}, "rate_bp"),
        ("price", CONTRACT | {"kind": "lease"}, "kind"),
        ("price", CASH | {"kind": "barter"}, "kind"),
        ("price", CASH | {"discount_cents": 4_000_001}, "discount_cents"),
        ("roll", CONTRACT | {"kind": "cash", "vary": "rate", "payment_cents": 1}, "kind"),
    ],
)
def test_bad_input_ends_with_2_and_one_line_that_names_the_field(
    command: str, given: str | dict[str, Any], field: str
) -> None:
    """Nothing on standard output."""
    done = run(command, given=given if isinstance(given, str) else json.dumps(given))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"error: {field}: ")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "given",
    [
        CONTRACT | {"\x1b[31m" + "x" * 200: 1},
        CONTRACT | {"day_count": "\x1b]0;" + "y\u202e" * 200},
        CONTRACT | {"contract_date": "\x07" * 300},
    ],
)
def test_bad_input_is_echoed_in_80_plain_characters(given: dict[str, Any]) -> None:
    """Neither its length nor its control characters reach the terminal."""
    done = run("price", given=json.dumps(given))
    assert done.returncode == 2
    assert done.stderr[:-1].isprintable()
    assert len(done.stderr) <= 80 + len("error: day_count: Invalid enum value ''\n")


def test_a_file_that_is_not_there_is_named() -> None:
    """One line, exit 2."""
    done = run("price", "nowhere.json", given="")
    assert (done.returncode, done.stderr) == (2, "error: nowhere.json: No such file or directory\n")


def test_input_without_an_end_is_refused(tmp_path: Path) -> None:
    """Not read whole: a device or a wrong file would fill the memory."""
    path = tmp_path / "long.json"
    with path.open("wb") as file:
        file.truncate(MOST_BYTES + 1)
    done = run("price", str(path), given="")
    assert (done.returncode, done.stderr) == (2, "error: input: expected at most 16 MiB of JSON\n")


def test_price_takes_products_one_by_one() -> None:
    """The same contract as with their sums; the itemization sums to the amount financed, to the cent."""
    lines = [
        {"name": "GAP", "price_cents": 89_500, "kind": "gap"},
        {"name": "Service contract", "price_cents": 239_500, "taxable": True},
    ]
    taxed = CONTRACT | {"tax_rate_bp": 725, "fees_cents": 79_900, "cash_down_cents": 100_000}
    more = {"trade_allowance_cents": 300_000, "payoff_cents": 120_000, "prepaid_finance_cents": 9_900}
    listed = answer("price", taxed | more | {"products": lines})
    flat = answer("price", taxed | more | {"products_cents": 329_000, "taxable_products_cents": 239_500})
    assert flat.pop("products") == []
    told = listed.pop("products")
    assert listed == flat
    assert [line | {"taxable": False, "kind": "other"} | line for line in lines] == told
    items = listed["itemization"]
    assert sum(items.values()) == listed["amount_financed_cents"]
    assert (items["products_cents"], items["trade_equity_cents"]) == (329_000, -180_000)
    assert listed["down_payment_cents"] == 280_000
    assert listed["total_sale_price_cents"] == listed["total_of_payments_cents"] + 280_000


@pytest.mark.parametrize("field", ["products_cents", "taxable_products_cents"])
def test_products_and_a_sum_of_them_contradict_each_other(field: str) -> None:
    """Exit code 2 and a line that names the sum."""
    lines = [{"name": "GAP", "price_cents": 89_500}]
    done = run("price", given=json.dumps(CONTRACT | {"products": lines, field: 5, "products_cents": 5}))
    assert (done.returncode, done.stdout) == (2, "")
    assert "products_cents" in done.stderr and done.stderr.count("\n") == 1
