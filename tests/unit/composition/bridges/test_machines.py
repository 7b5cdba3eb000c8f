"""A machine is what its node said of operating system and architecture, both of them."""

import pytest

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


@pytest.mark.parametrize(
    ("os", "arch", "machine"),
    [
        ("Linux", "x86_64", Machine("linux", "amd64")),
        ("linux", "aarch64", Machine("linux", "arm64")),
        ("LINUX", "AMD64", Machine("linux", "amd64")),
        ("Darwin", "arm64", Machine("darwin", "arm64")),
        ("linux", "riscv64", Machine("linux", "riscv64")),
    ],
)
async def test_a_machine_has_the_agents_words_however_its_node_named_it(
    os: str, arch: str, machine: Machine
) -> None:
    nodes = MemoryNodes(FleetStore(FakeClock()))
    node = a_node(1, facts={"os": os, "arch": arch})
    await nodes.add(node, 1)

    assert await MachinesBridge(GetFacts(nodes)).machines_of(DOMAIN, [node.id]) == {node.id: machine}
