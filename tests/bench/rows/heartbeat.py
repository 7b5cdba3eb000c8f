"""What nodes ask most often, over a bare ASGI function with the same decode."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tests.bench.figure import Bar, Figure, Spent, middle, middle_spent
from tests.bench.load import Lanes, Measured, Refused, asked, hammer, heartbeat, lanes, request
from tests.bench.population import Populated
from tests.bench.site import Bench, Running

NODES: Final = 2_000
# What others do to the machine lasts for seconds: many short turns of each meet it alike.
REQUESTS: Final = 1_600
ROUNDS: Final = 40
SETTLED_SECONDS: Final = 3.0
ATTEMPTS: Final = 20
HEARTBEAT: Final = Bar(0.60, at_least=True)
UNCHANGED: Final = Bar(0.50, at_least=True)
BARE: Final = "a bare ASGI function with the same decode, by CPU time of a request"


async def measure(bench: Bench) -> list[Figure]:
    """Return heartbeat and unchanged state, by TLS as agents call and plain."""
    return [figure for tls in (True, False) for figure in await _measured(bench, tls)]


async def _measured(bench: Bench, tls: bool) -> list[Figure]:
    site = await bench.site(NODES)
    async with bench.server(site, tls=tls) as ours, bench.yardstick(tls=tls) as (bare, bare_cpu):
        beats = [heartbeat(node) for node in site.nodes]
        # Credentials and views are read once; what follows is what every later call costs.
        async with lanes(ours.wire) as opened:
            await hammer(opened, beats, len(beats), ours.cpu)
        states = await _settled(ours, site.nodes)
        beaten, unchanged = [], []
        async with lanes(ours.wire) as mine, lanes(bare) as theirs:
            for _ in range(ROUNDS):
                plain = await hammer(theirs, beats, REQUESTS, bare_cpu)
                beaten.append(await _round(ours, mine, beats, plain))
                unchanged.append(await _round(ours, mine, states, plain))
    how = "TLS" if tls else "plain"
    return [
        _figure(
            f"heartbeat_{how.lower()}", f"heartbeat, authenticated and recorded, {how}", HEARTBEAT, beaten
        ),
        _figure(f"state_unchanged_{how.lower()}", f"state unchanged (304), {how}", UNCHANGED, unchanged),
    ]


@dataclass(frozen=True, slots=True)
class Round:
    """One turn of each: the bare function, then ours."""

    bare: Measured
    ours: Measured
    spent: Spent

    @property
    def ratio(self) -> float:
        """Return how much of the bare function's speed is left."""
        return self.bare.cpu_milliseconds / self.ours.cpu_milliseconds


async def _round(ours: Running, mine: Lanes, asks: Sequence[bytes], bare: Measured) -> Round:
    with ours.spending(REQUESTS) as spent:
        measured = await hammer(mine, asks, REQUESTS, ours.cpu)
        return Round(bare, measured, spent())


def _figure(key: str, name: str, bar: Bar, rounds: Sequence[Round]) -> Figure:
    ratios = [each.ratio for each in rounds]
    rate = middle([each.ours.requests / each.ours.seconds for each in rounds])
    bare_rate = middle([each.bare.requests / each.bare.seconds for each in rounds])
    bare_ms = middle([each.bare.cpu_milliseconds for each in rounds])
    told = f"{rate:.0f}/s; bare {bare_rate:.0f}/s, {bare_ms:.3f} ms CPU"
    # Of all rounds together: what is done once a second, such as writing down who lives, falls into some of them.
    ratio = sum(each.bare.server_cpu for each in rounds) / sum(each.ours.server_cpu for each in rounds)
    beside = f"{told}; rounds from {min(ratios):.2f} to {max(ratios):.2f}"
    spent = middle_spent([each.spent for each in rounds])
    return Figure(key, name, ratio, "ratio", bar, 1.0, BARE, spent, beside)


async def _settled(ours: Running, nodes: Sequence[Populated]) -> list[bytes]:
    # A node that was never heard of before is healthy once its first heartbeat is written: its peers' states change.
    for _ in range(ATTEMPTS):
        states = await _unchanged(ours, nodes)
        await asyncio.sleep(SETTLED_SECONDS)
        reader, writer = await ours.wire.connected()
        bodies = [await asked(reader, writer, state) for state in states]
        writer.close()
        if not any(bodies):
            return states
    raise Refused("states that go on changing")


async def _unchanged(ours: Running, nodes: Sequence[Populated]) -> list[bytes]:
    reader, writer = await ours.wire.connected()
    asks = []
    for node in nodes[:256]:
        writer.write(request("GET", f"/v1/nodes/{node.node_id}/state", node.token))
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        await reader.readexactly(int(_header(head, b"content-length")))
        tag = f"If-None-Match: {_header(head, b'etag')}"
        asks.append(request("GET", f"/v1/nodes/{node.node_id}/state", node.token, b"", tag))
    writer.close()
    return asks


def _header(head: bytes, name: bytes) -> str:
    return head.partition(name + b": ")[2].partition(b"\r\n")[0].decode()
