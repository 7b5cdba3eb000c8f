"""A machine is what its node said of operating system and architecture, both of them."""

from plexsphere.composition.bridges.machines import MachinesBridge
from plexsphere.fleet.application.get_facts import GetFacts
from plexsphere.policy.ports.artifacts.machines import Machine
from tests.support.fleet import DOMAIN, FleetStore, MemoryNodes, a_node
from tests.support.identity import FakeClock


async def test_only_a_node_that_told_both_has_a_machine() -> None:
    nodes = MemoryNodes(FleetStore(FakeClock()))
    whole = a_node(1, facts={"os": "linux", "arch": "amd64", "kernel": "6.1"})
    half, silent = a_node(2, facts={"os": "linux"}), a_node(3)
    for node in (whole, half, silent):
        await nodes.add(node, 1)

    told = await MachinesBridge(GetFacts(nodes)).machines_of(DOMAIN, [whole.id, half.id, silent.id])

    assert told == {whole.id: Machine("linux", "amd64")}
