"""A submitted deal, and how it falls."""

from client import Deal
from protocol import codec
from protocol.deal.agreed import AgreedFigures, figures_of
from protocol.deal.deal_parts import DealOffer
from protocol.events import StateChanged
from protocol.records import DealState
from tests.flow.desk import Both


async def fall_of(both: Both) -> StateChanged:
    """Return how the deal went back to work, as both find it in its story."""
    state = await both.agree(lambda deal: deal.state is DealState.WORKING)
    assert (state.agreed, state.proposal) == (None, None)
    told, seen = [await last_step(deal) for deal in (both.manager, both.sales)]
    assert (seen.figures, seen.reason) == (told.figures, told.reason)
    return told


async def last_step(deal: Deal) -> StateChanged:
    """Return a deal's last change of state, as a view's history tells it."""
    page = await deal.older()
    steps = [event for event in page.events if event["type"] == "state_changed"]
    fields = {name: value for name, value in steps[-1].items() if name != "no"}
    return codec.convert(StateChanged, {**fields, "channel": deal.channel, "seq": 1})


async def submitted(both: Both) -> tuple[DealOffer, AgreedFigures]:
    """Submit the deal; return its offer and what was agreed."""
    offer = await both.submitted()
    agreed = both.manager.state.agreed
    assert agreed == figures_of(offer) == both.sales.state.agreed
    return offer, agreed
