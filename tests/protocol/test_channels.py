"""Names of channels: what is made is read back, and a deal is no wall."""

import pytest

from protocol.channels import boards_of, deal_channel, deal_of, is_list, list_channel, store_of, wall_channel


@pytest.mark.parametrize("name", ["0d8b7c1e", "riverside", "desk", "deal", "a-b_c"])
def test_a_channel_is_a_deals_or_a_walls(name: str) -> None:
    """Each kind names what it is about, and nothing of the other kind."""
    assert (deal_channel(name), wall_channel(name)) == (f"deal:{name}", f"desk:{name}")
    assert (deal_of(deal_channel(name)), store_of(deal_channel(name))) == (name, None)
    assert (deal_of(wall_channel(name)), store_of(wall_channel(name))) == (None, name)


def test_a_list_of_deals_is_a_stores() -> None:
    """As its wall is, and no deal's."""
    listed = list_channel("riverside")
    assert (listed, store_of(listed), deal_of(listed)) == ("deals:riverside", "riverside", None)
    assert is_list(listed) and not is_list(wall_channel("riverside"))
    assert boards_of("riverside") == (wall_channel("riverside"), listed)
