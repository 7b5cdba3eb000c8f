"""A full state with as many peers as are supported."""

from dataclasses import replace
from typing import Final

from tests.bench.figure import Bar, Figure, middle, middle_spent
from tests.bench.load import hammer, heartbeat, lanes, request
from tests.bench.population import Populated
from tests.bench.site import Bench, Site

NODES: Final = 102
PEERS: Final = 1_000
FIRST: Final = 20_000
ASKING: Final = 16
STATES: Final = 160
ROUNDS: Final = 3
BAR: Final = Bar(5.0)


async def measure(bench: Bench) -> list[Figure]:
    """Return what a state of 1,000 peers costs the server."""
    site = await bench.site(NODES)
    crowd = await _crowd(site)
    async with bench.server(site, tls=True) as ours, bench.yardstick(tls=True) as (bare, bare_cpu):
        asks = [request("GET", f"/v1/nodes/{node.node_id}/state", node.token) for node in crowd[:ASKING]]
        async with lanes(ours.wire) as mine, lanes(bare) as theirs:
            await hammer(mine, asks, ASKING, ours.cpu)
            rounds, plain = [], []
            for _ in range(ROUNDS):
                plain.append(await hammer(theirs, [heartbeat(crowd[0])], STATES * 10, bare_cpu))
                with ours.spending(STATES) as spent:
                    await hammer(mine, asks, STATES, ours.cpu)
                    rounds.append(spent())
    each = middle_spent(rounds)
    yardstick = middle([each.cpu_milliseconds for each in plain])
    name = f"full state with {PEERS} peers, TLS, CPU"
    return [Figure("state_full", name, each.server, "ms", BAR, yardstick, "a bare ASGI answer", each)]


async def _crowd(site: Site) -> list[Populated]:
    async with site.populating() as population:
        await population.policy("thousand", "thousand=yes", "allow", 443)
        async with population.root.platform().database():
            turn = await population.root.views().take_turn(population.domain_id)
            return [
                await population.put(
                    replace(population.made(FIRST + number), metadata={"thousand": "yes"}), turn.revision
                )
                for number in range(PEERS + 1)
            ]
