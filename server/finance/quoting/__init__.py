"""One car's quote: the architect's best structure under the deal's terms, priced by the exact engine.

Pure: from a deal's inputs, a car, a rate sheet and a risk model alone, so that a stored quote can be computed
again.
"""

from server.finance.quoting.case import Case
from server.finance.quoting.found import offers_found
from server.finance.quoting.grids.axes import GridQuestion
from server.finance.quoting.grids.grid import quote_grid
from server.finance.quoting.in_cash import in_cash
from server.finance.quoting.leases import quote_lease, quote_lease_grid
from server.finance.quoting.rolling import quote_roll
from server.finance.quoting.structure import Quoted, quote_cash, quote_structure
from server.finance.quoting.trade_offs import quote_frontier
from server.finance.quoting.warnings import quote_warnings
from server.finance.quoting.whole import WholeQuote, quote_whole

__all__ = [
    "Case",
    "GridQuestion",
    "Quoted",
    "WholeQuote",
    "in_cash",
    "offers_found",
    "quote_cash",
    "quote_frontier",
    "quote_grid",
    "quote_lease",
    "quote_lease_grid",
    "quote_roll",
    "quote_structure",
    "quote_warnings",
    "quote_whole",
]
