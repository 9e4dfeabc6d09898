"""``quote`` and ``frontier``: one car of the deal's group, computed in another process. Every quote is
stored.
"""

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import msgspec
from msgspec import UNSET

from protocol import codec
from protocol.closing import CommandError, ErrorCode
from protocol.commands import Frontier, Quote
from protocol.deal.deal_parts import DealOffer, OfferedCar
from protocol.deal.structure import StructureChanges, StructureError
from protocol.jobs import NUMBER_COLUMNS, rebate_numbers
from protocol.money.quotes import FrontierReply, QuoteReply
from protocol.records import Scope, View
from server.clock import utc_now
from server.compute.pool import ComputePool, NoTurnError, OverrunError
from server.database.core.scope import StoreScopes
from server.database.deals.deals import Deal
from server.database.deals.pencils import record_pencil
from server.database.decisions.edits.terms import revise
from server.database.editions.rates import NotInForce
from server.database.editions.versions import stock_version
from server.database.people.users import Account
from server.hub.commands.quoting.kept_quotes import Subject, fixes_discount, offer_of, pencil_of
from server.hub.commands.quoting.refusals import check_askable, no_such_car, not_eligible, vehicle_number
from server.hub.sight.questions import check_conceded, check_trades
from server.hub.sight.sight import Sight
from server.hub.sight.views import project_frontier, project_quote
from server.search.screening.basis import load_basis
from server.search.sql.query import Stock, build_car_query
from server.sharing.lanes import Lane
from server.work.editions import Editions

if TYPE_CHECKING:
    from server.finance.architect import Missed
    from server.finance.quoting import Case, Quoted

P = ParamSpec("P")
R = TypeVar("R")

SERVER = "server"
"""Whose turn it is when nobody asked."""

_EXACT = Sight(View.MANAGER)


class Quotes:
    """Answers ``quote`` and ``frontier`` for a deal that the asker may see.

    Methods raise CommandError: not_found for a car that is not for sale in the group, forbidden for changes
    that the view does not show, invalid if the terms contradict each other, degraded if no rate sheet
    or no usable risk model is in force.
    """

    def __init__(
        self,
        stores: StoreScopes,
        compute: ComputePool,
        editions: Editions,
        today: Callable[[], dt.date] = lambda: utc_now().date(),
    ) -> None:
        self._stores = stores
        self._compute = compute
        self._today = today
        self._editions = editions

    async def quote(self, command: Quote, deal: Deal, account: Account, sight: Sight) -> dict[str, Any]:
        """Return the projected data of the reply; the pencil is stored first."""
        from server.finance.quoting import GridQuestion, quote_whole

        check_askable(command, sight.view)
        check_conceded(command.changes, sight, deal.discount_authority_cents, deal.structure)
        check_trades(command.changes, sight.view, deal.structure)
        revised = replace(deal, structure=revise(deal.structure, command.changes))
        fixed = fixes_discount(command.changes)
        subject = await self._subject(revised, command.vehicle_id, command.programme_id, sight, fixed=fixed)
        kept = None
        if command.keep_offer:
            kept = (await self._subject(deal, command.vehicle_id, command.programme_id, sight)).case
        computed = await self.computed(
            Lane(account.store_id, account.id),
            quote_whole,
            subject.case,
            GridQuestion.of(command),
            command.roll,
            sight.view is View.MANAGER,
            kept,
        )
        subject = replace(subject, case=computed.case)
        pencil_id = await self._record(subject, computed.quoted, deal, account)
        reply = QuoteReply(
            **{
                **msgspec.structs.asdict(computed.quoted.answer),
                "value": computed.value,
                "cash": computed.cash or UNSET,
                "lease": computed.lease or UNSET,
            },
            vehicle_id=subject.vehicle_id,
            rev=subject.rev,
            versions=subject.versions,
            pencil_id=pencil_id,
            grid=computed.grid,
            warnings=computed.warnings,
            roll=computed.roll or UNSET,
            rate_or_rebate=computed.rate_or_rebate or UNSET,
            lender_rules=computed.rules or UNSET,
            menu=computed.menu or UNSET,
            lease_grid=computed.lease_grid or UNSET,
            **_over(computed.missed),
        )
        return project_quote(codec.plain(reply), sight)

    async def frontier(self, command: Frontier, deal: Deal, account: Account, sight: Sight) -> dict[str, Any]:
        """Return the projected data of the reply."""
        from server.finance.quoting import quote_frontier

        subject = await self._subject(deal, command.vehicle_id, None, sight)
        points, bands = await self.computed(Lane(account.store_id, account.id), quote_frontier, subject.case)
        reply = FrontierReply(
            vehicle_id=subject.vehicle_id,
            rev=subject.rev,
            points=points,
            bands=bands,
            reversals=sum(point.passed_by or 0 for point in points),
            versions=subject.versions,
        )
        return project_frontier(codec.plain(reply), sight)

    async def offer(
        self,
        deal: Deal,
        vehicle_id: str,
        changes: StructureChanges,
        programme_id: str | None,
        account: Account | None,
        *,
        sight: Sight = _EXACT,
        fixed: bool | None = None,
    ) -> DealOffer:
        """Return a car of the deal as an offer; its pencil is stored. Without an ``account`` the server
        itself asks, and nothing is stored.

        ``sight`` is the caller's: if it hides NPVs, the result must not reveal them either. ``fixed``:
        whether the discount is exactly that of ``changes``; None as in ``quote``. Raises CommandError as
        ``quote``, and conflict if no programme takes the car.
        """
        from server.finance.quoting import quote_structure

        revised = replace(deal, structure=revise(deal.structure, changes))
        fixed = fixes_discount(changes) if fixed is None else fixed
        subject = await self._subject(revised, vehicle_id, programme_id, sight, fixed=fixed)
        lane = Lane(deal.store_id, SERVER) if account is None else Lane(account.store_id, account.id)
        quoted = await self.computed(lane, quote_structure, subject.case)
        if not quoted.answer.eligible:
            raise not_eligible(quoted)
        pencil_id = "" if account is None else await self._record(subject, quoted, deal, account)
        return offer_of(subject, quoted, deal, changes, pencil_id)

    async def case(self, deal: Deal, vehicle_id: str, changes: StructureChanges) -> "Case":
        """Return what a quote of a car of the deal with ``changes`` is computed from. Raises CommandError as
        ``quote``.
        """
        revised = replace(deal, structure=revise(deal.structure, changes))
        fixed = fixes_discount(changes)
        return (await self._subject(revised, vehicle_id, None, _EXACT, fixed=fixed)).case

    async def computed(self, lane: Lane, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run a computation on its person's turn; what it says of the terms is the command's error."""
        from server.finance.value.curves import RiskModelError

        try:
            return await self._compute.run(lane, function, *args, **kwargs)
        except StructureError as error:
            raise CommandError(
                ErrorCode.INVALID, str(error), field=error.field, expected=error.expected
            ) from None
        except RiskModelError as error:
            raise CommandError(ErrorCode.DEGRADED, f"No value can be computed: {error}.") from error
        except NoTurnError:
            raise CommandError(ErrorCode.BUSY, "Too many quotes are waiting. Try again shortly.") from None
        except OverrunError:
            raise CommandError(
                ErrorCode.DEGRADED, "This could not be computed in time. Change the structure or try again."
            ) from None

    async def _subject(
        self, deal: Deal, vehicle_id: str, programme_id: str | None, sight: Sight, *, fixed: bool = False
    ) -> Subject:
        from server.finance.products import Menu
        from server.finance.quoting import Case

        if sight.guard is not None:
            floor = sight.guard.floor_cents(vehicle_id, deal.npv_floor_cents)
            deal = replace(deal, npv_floor_cents=floor)
        stock = Stock(deal.store_id, deal.group_id, Scope.GROUP)
        today = self._today()
        try:
            in_force = await self._editions.in_force(today)
            tables = self._editions.tables
            async with self._stores.of(deal.store_id).acquire() as database:
                inventory, _ = await stock_version(
                    database,
                    store_id=deal.store_id,
                    group_id=deal.group_id,
                    scope=deal.structure.scope,
                    deal_id=deal.id,
                )
                basis = await load_basis(database, tables, deal, in_force, inventory=inventory, today=today)
                query = build_car_query(
                    stock,
                    vehicle_number(vehicle_id),
                    today=today,
                    rebates=basis.rebates,
                    exclusions=basis.exclusions,
                )
                row = await database.fetchrow(query.text, *query.args)
                model = await tables.risk(database, in_force.risk)
                products = in_force.products
                catalogue = None if products is None else await tables.products(database, products)
        except NotInForce as error:
            raise CommandError(ErrorCode.DEGRADED, f"No quote is possible: {error}.") from error
        if row is None:
            raise no_such_car()
        case = Case(
            inputs=msgspec.structs.replace(basis.inputs, discount_fixed=fixed),
            numbers={
                **{name: int(row[name]) for name in NUMBER_COLUMNS},
                **rebate_numbers(row["rebates_without"] or ()),
            },
            sheet=basis.sheet,
            model=model,
            programme_id=programme_id,
            menu=None if catalogue is None else Menu(catalogue, deal.customer.state),
            leases=basis.leases,
            car_name=(row["make"], row["model"], row["body"]),
        )
        car = OfferedCar(**{name: row[name] for name in OfferedCar.__struct_fields__})
        return Subject(row["vehicle_id"], row["rev"], car, case, basis.versions)

    async def _record(self, subject: Subject, quoted: "Quoted", deal: Deal, account: Account) -> str:
        case, choice = subject.case, quoted.choice
        markup = None
        if choice is not None:
            row = case.row(choice)
            markup = round(Decimal(str(choice.rate_bp)) - Decimal(str(row.buy_rate_bp)), 2)
        async with self._stores.of(deal.store_id).acquire() as database:
            return await record_pencil(
                database,
                pencil_of(subject.vehicle_id, subject.rev, subject.versions, case, quoted),
                deal_id=deal.id,
                deal_version=deal.version,
                markup_bp=markup,
                user_id=account.id,
            )


def _over(missed: "Missed | None") -> dict[str, Any]:
    if missed is None:
        return {}
    told = {"over_cents": missed.over_cents, "over_lender": missed.lender}
    return {name: value for name, value in told.items() if value is not None}
