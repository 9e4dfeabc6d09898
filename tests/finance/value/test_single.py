"""The value of one contract as the command states it."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.deal.structure import StructureError
from protocol.money.pricing import ValueAnswer, ValueRequest
from server.finance.value.single import value_contract

TIMING = ((12, 0.30), (24, 0.60), (36, 0.80), (48, 0.92), (72, 1.0))
NO_RISK: dict[str, Any] = {"cnl": 0.0, "loss_timing": ()}


def answer(**changes: Any) -> ValueAnswer:
    """Value 30,000 at 7.99 % over 72 months with FINANCE's risk and changes."""
    standard = {
        "amount_financed": 30_000,
        "rate": 0.0799,
        "term_months": 72,
        "funding_rate": 0.05,
        "cnl": 0.03,
        "loss_timing": TIMING,
        "recovery": 0.45,
        "recovery_lag_months": 6,
    }
    return value_contract(msgspec.convert(standard | changes, ValueRequest))


@pytest.mark.parametrize(
    ("changes", "npv"),
    [
        (NO_RISK | {"funding_rate": 0.0799}, 0.0),
        (NO_RISK, 2_651.53),
        ({}, 1_717.07),
        ({"abs_speed": 0.015, "servicing_per_month": 4}, 715.19),
        ({"recovery": 0.0, "cnl": 0.03 / 0.55}, 1_064.31),
        ({"recovery": 0.0}, 1_778.56),
        ({"term_months": 24, "loss_timing": [(month / 3, share) for month, share in TIMING]}, -5.37),
    ],
)
def test_published_values(changes: dict[str, Any], npv: float) -> None:
    """As FINANCE prints them, to the cent."""
    assert answer(**changes).npv == npv


def test_published_parts() -> None:
    """As FINANCE prints them, in the order in which they are switched on; acquisition comes last."""
    found = answer(abs_speed=0.015, servicing_per_month=4, acquisition=100.50)
    assert msgspec.structs.asdict(found.parts) == {
        "interest": 7_861.25,
        "funding": -5_209.72,
        "loss": -934.46,
        "prepayment": -883.86,
        "servicing": -118.02,
        "acquisition": -100.50,
    }
    assert found.npv == pytest.approx(715.19 - 100.50, abs=1e-9)


def test_the_origin_of_the_timing_may_be_stated() -> None:
    """(0, 0) is implied: with it or without it is the same loss."""
    assert answer(loss_timing=((0, 0), *TIMING)) == answer()


@pytest.mark.parametrize(
    ("steps", "gradual"),
    [
        (((12, 0.5), (12, 0.8), (72, 1)), ((11, 0.5 * 11 / 12), (12, 0.8), (72, 1))),
        (((0, 0.4), (36, 0.7), (72, 1)), ((1, 0.4 + 0.3 / 36), (36, 0.7), (72, 1))),
    ],
)
def test_a_step_falls_into_its_month(steps: object, gradual: object) -> None:
    """Two points in one month are a loss in that month, a step at the beginning one in the first."""
    assert answer(loss_timing=steps) == answer(loss_timing=gradual)


def test_the_realised_loss_is_the_stated_one() -> None:
    """Where nobody prepays, what is lost after recovery is the stated share of the principal."""
    assert answer().realised_cnl == pytest.approx(0.03, abs=1e-12)


def test_prepayment_leaves_less_to_lose() -> None:
    """Contracts that are paid off cannot default: the realised loss falls below the stated one."""
    assert answer(abs_speed=0.05).realised_cnl < 0.03


@pytest.mark.parametrize(
    "timing",
    [
        (),
        ((72, 0.9),),
        ((12, 0.5), (24, 0.4), (72, 1.0)),
        ((24, 0.5), (12, 0.6), (72, 1.0)),
        ((-1, 0.0), (72, 1.0)),
        ((12, -0.1), (72, 1.0)),
        ((36, 1.2), (72, 1.2)),
        ((60, 0.9), (84, 1.0)),
    ],
)
def test_a_wrong_timing_is_named(timing: tuple[tuple[float, float], ...]) -> None:
    """The loss rises from nothing to all of it by the last month, or the request is refused."""
    with pytest.raises(StructureError) as caught:
        answer(loss_timing=timing)
    assert caught.value.field == "loss_timing"


@given(
    amount=st.integers(1, 100_000_00).map(lambda cents: cents / 100),
    rate=st.floats(0, 0.3),
    term=st.integers(1, 120),
    cnl=st.floats(0, 1),
    recovery=st.floats(0, 0.9),
    lag=st.integers(0, 24),
    speed=st.floats(0, 1),
)
def test_parts_sum_to_the_npv(amount: float, rate: float, term: int, **risk: Any) -> None:
    """To the cent, whatever the contract and its risk; and no more is lost than stated."""
    found = answer(
        amount_financed=amount,
        rate=rate,
        term_months=term,
        loss_timing=((term, 1.0),),
        cnl=risk["cnl"],
        recovery=risk["recovery"],
        recovery_lag_months=risk["lag"],
        abs_speed=risk["speed"],
        servicing_per_month=3.21,
        acquisition=12.34,
    )
    total = sum(msgspec.structs.asdict(found.parts).values())
    assert round(total * 100) == round(found.npv * 100)
    assert total == pytest.approx(found.npv, abs=1e-6)
    assert found.realised_cnl <= risk["cnl"] + 1e-9
