"""What a customer likes of a presentation, as it is recorded. Pure."""

from collections.abc import Iterator

from protocol import commands
from protocol.deal.presenting import Acceptance, PresentationReply, ShownCar, ShownCell, ShownWay
from protocol.records import Actor


def cell_of(shown: PresentationReply, command: commands.Like) -> ShownCell | None:
    """Return the cell that a command names; None if the presentation has none there."""
    for _, way in _ways(shown, command):
        for cell in (way.own, *(cell for row in way.cells for cell in row)):
            if cell is not None and (cell.term_months, cell.cash_down_cents) == (
                command.term_months,
                command.cash_down_cents,
            ):
                return cell
    return None


def acceptance_of(
    shown: PresentationReply,
    command: commands.Like,
    actor: Actor,
    *,
    link_id: str | None,
    address_digest: str,
) -> Acceptance:
    """Return the acceptance of a cell that the presentation has, without id and with its time."""
    car, way = next(_ways(shown, command))
    return Acceptance(
        id="",
        at=shown.as_of,
        vehicle_id=command.vehicle_id,
        car=car.car,
        kind=command.kind,
        term_months=command.term_months,
        cash_down_cents=command.cash_down_cents,
        figures=command.figures,
        text_version=shown.text_version,
        version=way.version,
        by=actor,
        in_person=link_id is None,
        link_id=link_id,
        address_digest=address_digest,
    )


def _ways(shown: PresentationReply, command: commands.Like) -> Iterator[tuple[ShownCar, ShownWay]]:
    for car in shown.cars:
        if car.vehicle_id == command.vehicle_id:
            for way in car.ways:
                if way.kind is command.kind:
                    yield car, way
