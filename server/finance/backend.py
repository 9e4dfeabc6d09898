"""The backend of a deal: what lenders' caps on products are compared with."""

from typing import NamedTuple

from protocol.structure import Structure


class Backend(NamedTuple):
    """Product prices in cents, by the kinds that lenders cap; ``total_cents`` is that of all products."""

    service_contract_cents: int
    gap_cents: int
    total_cents: int


def backend_of(structure: Structure) -> Backend:
    """Return the backend of a structure."""
    return Backend(0, 0, structure.products_cents)
