"""The ports of fleet, over memory and over PostgreSQL."""

from collections.abc import AsyncIterator

import pytest

from plexsphere.platform.kernel.mesh_range import MeshRange
from tests.support.fleet import DOMAIN, OTHER_DOMAIN, FleetKit, FleetStore, memory_fleet
from tests.support.identity import FakeClock


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.postgres)])
async def bare(request: pytest.FixtureRequest) -> AsyncIterator[FleetKit]:
    """Two Domains without a mesh."""
    if request.param == "memory":
        yield await _with_domains(memory_fleet(FleetStore(FakeClock())))
        return
    from tests.support.fleet_postgres import lent_fleet

    async with lent_fleet(request.getfixturevalue("database")) as lent:
        yield await _with_domains(lent)


@pytest.fixture
async def real(request: pytest.FixtureRequest) -> AsyncIterator[FleetKit]:
    """The real adapters alone, for what the fakes leave to the store."""
    from tests.support.fleet_postgres import lent_fleet

    async with lent_fleet(request.getfixturevalue("database")) as lent:
        yield await _with_meshes(await _with_domains(lent))


@pytest.fixture
async def kit(bare: FleetKit) -> FleetKit:
    """Two Domains with a mesh of the usual size."""
    return await _with_meshes(bare)


async def _with_domains(kit: FleetKit) -> FleetKit:
    await kit.make_domain(DOMAIN)
    await kit.make_domain(OTHER_DOMAIN)
    return kit


async def _with_meshes(kit: FleetKit) -> FleetKit:
    for domain_id in (DOMAIN, OTHER_DOMAIN):
        async with kit.unit_of_work():
            await kit.meshes.open(domain_id, MeshRange.parse("10.100.0.0/16"))
    return kit
