"""No event lost, none twice, all in order: over lost, repeated and disordered bells, joins at any moment, and
epochs that end.
"""

from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from tests.hub.channels.stateful_delivery import DeliveryMachine


def test_every_client_sees_what_the_log_holds() -> None:
    """Whatever came before: one heartbeat after the last event, each client that watches has them all."""
    run_state_machine_as_test(DeliveryMachine, settings=settings(max_examples=200, stateful_step_count=50))
