"""Two machines enrol, see each other and hear of each other, over a real socket and a real PostgreSQL."""

import pytest

from plexd.protocol.client.control_plane import ControlPlane
from plexd.protocol.client.transport import Transport
from plexd.simulate.node import SimulatedNode
from plexsphere.platform.kernel.secret import Secret
from tests.support.control_plane import served

pytestmark = [pytest.mark.postgres, pytest.mark.e2e]


async def test_two_nodes_see_each_other_with_the_same_pair_key(database: Secret[str]) -> None:
    async with served(database) as place, Transport.connected(place.base_url) as transport:
        tokens = await place.bootstrap_tokens(2)
        control_plane = ControlPlane(transport)
        async with (
            SimulatedNode(control_plane, tokens[0], "web-01") as one,
            SimulatedNode(control_plane, tokens[1], "web-02") as other,
        ):
            await one.until_sees(other.node_id)
            await other.until_sees(one.node_id)

            assert one.psk(other.node_id) == other.psk(one.node_id)
