"""Memory does not grow with the number of rows. ``python -m tests.cluster.warehouse.measure`` tells the
figures.
"""

import pytest

from tests.cluster.warehouse.measure import measured

pytestmark = [pytest.mark.flow, pytest.mark.long]


def test_memory_does_not_grow_with_the_rows() -> None:
    small, large = measured("payments", 150_000), measured("payments", 600_000)

    assert (small.rows, large.rows) == (150_000, 600_000)
    assert large.peak_mib < small.peak_mib * 1.15
