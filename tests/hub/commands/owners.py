"""The classes whose methods handle commands, as ``server/hub/assembly/handling.py`` puts them together."""

from typing import Final

from server.hub.commands.desk_handlers import DeskHandlers
from server.hub.commands.lending.handlers import LenderHandlers
from server.hub.commands.offer_handlers import OfferHandlers
from server.hub.commands.presenting.handlers import PresentingHandlers
from server.hub.commands.scenarios.handlers import ScenarioHandlers
from server.hub.commands.stock_handlers import StockHandlers
from server.hub.commands.store_handlers import StoreHandlers
from server.hub.commands.watch_handlers import WatchHandlers

OWNERS: Final = (
    WatchHandlers,
    StoreHandlers,
    StockHandlers,
    OfferHandlers,
    DeskHandlers,
    LenderHandlers,
    PresentingHandlers,
    ScenarioHandlers,
)
