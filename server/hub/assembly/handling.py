"""The handlers of all commands, and what they share."""

from collections.abc import Callable

from server.database.core.scope import RowScope, StoreScopes
from server.database.people.offer_links import LinkSecrets
from server.database.people.security_events import Note
from server.hub.commands.desk_answers import DeskAnswers
from server.hub.commands.desk_handlers import DeskHandlers
from server.hub.commands.finding import Finding
from server.hub.commands.handlers import Handlers
from server.hub.commands.lending.handlers import LenderHandlers
from server.hub.commands.offer_handlers import OfferHandlers
from server.hub.commands.offer_pricing import Repricing
from server.hub.commands.presenting.handlers import PresentingHandlers
from server.hub.commands.presenting.presentations import Presentations
from server.hub.commands.quoting.catalogues import Catalogues
from server.hub.commands.quoting.lender_rows import LenderRows
from server.hub.commands.quoting.quotes import Quotes
from server.hub.commands.scenarios.handlers import ScenarioHandlers
from server.hub.commands.scenarios.pricing import ScenarioPricing
from server.hub.commands.stock_handlers import StockHandlers
from server.hub.commands.store_handlers import StoreHandlers
from server.hub.commands.watch_handlers import WatchHandlers
from server.hub.connections.allowance import Allowance
from server.hub.connections.authority import Authority
from server.hub.sight.questions import Questions
from server.hub.upkeep.relay import Relay
from server.search.paging.searches import SearchService
from server.search.sql.supplies import Supplies
from server.work.editions import Editions


def handlers_of(
    watch: WatchHandlers,
    *,
    stores: StoreScopes,
    system: RowScope,
    authority: Authority,
    relay: Relay,
    searches: SearchService,
    quotes: Quotes,
    repricing: Repricing,
    editions: Editions,
    supplies: Supplies,
    questions: Questions,
    allowance: Allowance,
    secrets: LinkSecrets,
    note: Note,
    digest: Callable[[str], str],
) -> Handlers:
    """Return the handlers of all commands."""
    catalogues = Catalogues(stores, editions)
    stock = StockHandlers(
        stores=stores,
        authority=authority,
        relay=relay,
        searches=searches,
        quotes=quotes,
        catalogues=catalogues,
        finding=Finding(stores, quotes, editions, supplies),
        questions=questions,
        repricing=repricing,
    )
    answers = DeskAnswers(stores, authority, relay)
    offers = OfferHandlers(
        stores=stores,
        system=system,
        authority=authority,
        relay=relay,
        answers=answers,
        quotes=quotes,
        questions=questions,
    )
    desk = DeskHandlers(
        stores=stores,
        authority=authority,
        answers=answers,
        repricing=repricing,
        editions=editions,
    )
    lenders = LenderHandlers(
        stores=stores,
        authority=authority,
        answers=answers,
        rows=LenderRows(quotes, stores, editions),
        repricing=repricing,
    )
    presenting = PresentingHandlers(
        stores=stores,
        authority=authority,
        answers=answers,
        presentations=Presentations(stores, quotes, editions),
        secrets=secrets,
        note=note,
    )
    scenarios = ScenarioHandlers(
        stores=stores,
        authority=authority,
        answers=answers,
        pricing=ScenarioPricing(quotes, questions, stores),
    )
    store = StoreHandlers(stores=stores, note=note, digest=digest)
    return Handlers(allowance, watch, store, stock, offers, desk, lenders, presenting, scenarios, note=note)
