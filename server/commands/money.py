"""The calculator commands: JSON in, JSON out, with the engine of the screen and without a database."""

import datetime as dt
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Final, TypeVar

import msgspec
import typer

from protocol.money.leasing import LeaseRequest
from protocol.money.pricing import AprRequest, CashRequest, PriceRequest, RollRequest, ValueRequest
from protocol.records import DealKind, Record
from protocol.texts import echoed
from server.errors import UNUSABLE_INPUT

Input = Annotated[
    str, typer.Argument(metavar="[FILE|-]", help="The JSON file; - is standard input.", show_default=False)
]
MOST_BYTES: Final = 16 * 1024**2
"""Far above the longest request, which has some 10,000 payments."""

Request = TypeVar("Request", bound=Record)
Contract = TypeVar("Contract", bound=PriceRequest)


def add_money_commands(app: typer.Typer) -> None:
    """Add ``price``, ``apr``, ``value``, ``roll`` and ``lease``."""
    for command in (price, apr, value, roll, lease):
        app.command()(command)


def price(file: Input = "-") -> None:
    """Price one contract to the cent: tax, principal, payment, schedule, finance charge and APR.

    The answer has the total sale price and the itemization of the amount financed too. The contract date
    defaults to today. With "kind": "cash" it prints the out-the-door price and its parts.
    """
    from protocol.deal.structure import StructureError
    from server.finance.exact.cash import cash_price
    from server.finance.exact.price import report_contract

    def priced(request: PriceRequest | CashRequest) -> Record:
        if isinstance(request, CashRequest):
            return cash_price(request)
        if request.kind is DealKind.LEASE:
            raise StructureError("kind", "expected finance or cash; the command lease prices leases")
        return report_contract(_dated(request))

    _answer(file, _sale_of, priced)


def apr(file: Input = "-") -> None:
    """Compute an annual percentage rate by Regulation Z, Appendix J, from advances and payments."""
    from server.finance.exact.apr import annual_percentage_rate

    _answer(file, AprRequest, annual_percentage_rate)


def value(file: Input = "-") -> None:
    """Value one contract for its holder: NPV in dollars, and the parts that sum to it."""
    from server.finance.value.single import value_contract

    _answer(file, ValueRequest, value_contract)


def roll(file: Input = "-") -> None:
    """Find the price, cash_down, trade_allowance, rate or term that gives a target payment.

    The input is that of `price`, plus vary and payment_cents.
    """
    from protocol.deal.structure import StructureError
    from server.finance.exact.roll import roll as roll_to_payment

    def rolled(request: RollRequest) -> Record:
        if request.kind is not DealKind.FINANCE:
            raise StructureError("kind", "expected finance: only its payment can be rolled to")
        return roll_to_payment(_dated(request), request.vary, request.payment_cents)

    _answer(file, RollRequest, rolled)


def lease(file: Input = "-") -> None:
    """Price one lease: cap cost, payment with and without tax, due at signing, total and monthly cost."""
    from server.finance.exact.lease import quote_lease

    _answer(file, LeaseRequest, quote_lease)


def _sale_of(data: bytes) -> PriceRequest | CashRequest:
    """Return the request in ``data``; what is no object becomes the error of a financed sale."""
    from protocol.codec import FieldError, decode, decode_unique

    try:
        given = decode(data)
    except FieldError:
        given = None
    cash = isinstance(given, dict) and given.get("kind") == DealKind.CASH
    return decode_unique(CashRequest, data) if cash else decode_unique(PriceRequest, data)


def _answer(
    file: str, kind: type[Request] | Callable[[bytes], Request], compute: Callable[[Request], Record]
) -> None:
    """Print the answer to the request in ``file``; leave with UNUSABLE_INPUT if there is none.

    ``kind`` is the request's type, or what reads it.
    """
    from protocol.codec import FieldError, decode_unique, encode
    from protocol.deal.structure import StructureError

    try:
        data = _read(file)
        answer = compute(decode_unique(kind, data) if isinstance(kind, type) else kind(data))
    except (FieldError, StructureError) as error:
        _refuse(error.field or "input", error.expected)
    except OSError as error:
        _refuse(file, error.strerror or "cannot be read")
    print(msgspec.json.format(encode(answer), indent=2).decode())


def _read(file: str) -> bytes:
    from protocol.codec import FieldError

    if file == "-":
        data = sys.stdin.buffer.read(MOST_BYTES + 1)
    else:
        with Path(file).open("rb") as opened:
            data = opened.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise FieldError("", f"expected at most {MOST_BYTES // 1024**2} MiB of JSON")
    return data


def _dated(request: Contract) -> Contract:
    """Return a contract with its date: today if it has none."""
    if request.contract_date is not None:
        return request
    return msgspec.structs.replace(request, contract_date=dt.datetime.now(dt.UTC).date())


def _refuse(field: str, expected: str) -> None:
    line = f"{echoed(field)}: {' '.join(expected.split())}"
    print(f"error: {line}", file=sys.stderr)
    raise typer.Exit(UNUSABLE_INPUT)
