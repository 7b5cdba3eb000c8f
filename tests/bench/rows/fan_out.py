"""One change of a policy to thousands of live streams, what heartbeats notice of it, and what idle streams hold."""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import httpx

from tests.bench.figure import Bar, Figure, Spent, middle, middle_spent, percentile
from tests.bench.load import Beats, asked, heartbeat, request
from tests.bench.population import Populated
from tests.bench.processes import Cpu, Wire, kernel_buffers
from tests.bench.reading import Readers, readers
from tests.bench.site import Bench, Running

ROUNDS: Final = 4
WARM: Final = 64
SETTLED_SECONDS: Final = 2.0
# Heartbeats of these nodes; their streams are not read.
BEATING: Final = 40
LAST: Final = {2_000: Bar(250.0), 10_000: Bar(1000.0)}
BEAT: Final = Bar(50.0)
IDLE: Final = {False: Bar(24.0), True: Bar(64.0)}
BARE: Final = "as many bare signed frames of 1 KiB"
# Every node is told, and told some 2 KiB: its own class's rules, and this one.
EVERYBODY_TO_ONE_CLASS: Final = {"source": "*", "destination": "class=c0"}
RULE: Final = {
    "action": "deny",
    "protocol": "tcp",
    "source_cidr": "0.0.0.0/0",
    "destination_cidr": "0.0.0.0/0",
    "ports": {"from": 9, "to": 9},
}

Trigger = Callable[[], Awaitable[None]]


@dataclass(slots=True)
class Side:
    """Ours, or the yardstick's: what its streams hold, and what each fan-out came to."""

    held: float = 0.0
    kernel: float = 0.0
    seconds: list[float] = field(default_factory=list)
    beats: list[float] = field(default_factory=list)
    spent: list[Spent] = field(default_factory=list)


async def small(bench: Bench) -> list[Figure]:
    """Return the figures of 2,000 streams, and what an idle one holds."""
    return [*await _measured(bench, 2_000, tls=True), *await _measured(bench, 2_000, tls=False)]


async def large(bench: Bench) -> list[Figure]:
    """Return the figures of 10,000 streams."""
    return [*await _measured(bench, 10_000, tls=True), *await _measured(bench, 10_000, tls=False)]


async def _measured(bench: Bench, count: int, *, tls: bool) -> list[Figure]:
    site = await bench.site(count)
    how = "TLS" if tls else "plain"
    bench.say(f"  {count} streams, {how} …")
    bare = await _bare(bench, site.nodes[:count], tls)
    async with bench.server(site, tls=tls) as running:
        ours = await _ours(running, site.nodes[:count])
    return _figures(count, how, tls, ours, bare)


async def _ours(running: Running, nodes: Sequence[Populated]) -> Side:
    side, key = Side(), await running.signing_key()
    async with running.operator() as client, readers(running.wire, nodes[:WARM]):
        await _open_and_measure(
            side,
            running.cpu,
            running.wire,
            nodes,
            key,
            lambda reading: _rounds(side, running, client, reading, nodes),
        )
    return side


async def _rounds(
    side: Side, running: Running, client: httpx.AsyncClient, reading: Readers, nodes: Sequence[Populated]
) -> None:
    path = f"/v1/projects/{running.site.project_id}/policies"
    beats = Beats(running.wire, [heartbeat(node) for node in nodes[:BEATING]])
    made = ""

    async def make() -> None:
        nonlocal made
        body = {
            "slug": f"deny-{os.urandom(6).hex()}",
            "selector": EVERYBODY_TO_ONE_CLASS,
            "rules": [RULE],
        }
        made = (await client.post(path, json=body)).raise_for_status().json()["id"]

    async def unmake() -> None:
        (await client.delete(f"{path}/{made}", params={"confirm": "true"})).raise_for_status()

    # The first of each kind is for what is built once.
    for number in range(ROUNDS + 1):
        for trigger in (make, unmake):
            with running.spending(reading.count) as spent:
                found = await _one(reading, beats, trigger, verified=True)
                if number:
                    _note(side, *found, spent())


async def _bare(bench: Bench, nodes: Sequence[Populated], tls: bool) -> Side:
    side = Side()
    async with bench.yardstick(tls=tls) as (wire, cpu), readers(wire, nodes[:WARM]):

        async def rounds(reading: Readers) -> None:
            beats = Beats(wire, [heartbeat(node) for node in nodes[:BEATING]])
            for _ in range(ROUNDS):
                before = cpu.seconds()
                found = await _one(reading, beats, lambda: _post_fan(wire), verified=False)
                _note(side, *found, Spent((cpu.seconds() - before) / len(nodes) * 1000, 0.0))

        await _open_and_measure(side, cpu, wire, nodes, "", rounds)
    return side


async def _post_fan(wire: Wire) -> None:
    reader, writer = await wire.connected()
    await asked(reader, writer, request("POST", "/fan", "", b"{}"))
    writer.close()


async def _open_and_measure(
    side: Side,
    cpu: Cpu,
    wire: Wire,
    nodes: Sequence[Populated],
    key: str,
    rounds: Callable[[Readers], Awaitable[None]],
) -> None:
    resident, buffers = cpu.resident(), kernel_buffers()
    async with readers(wire, nodes, key) as reading:
        await asyncio.sleep(SETTLED_SECONDS)
        side.held = (cpu.resident() - resident) / len(nodes) / 1024
        side.kernel = (kernel_buffers() - buffers) / len(nodes) / 1024
        await rounds(reading)


async def _one(
    reading: Readers, beats: Beats, trigger: Trigger, *, verified: bool
) -> tuple[float, list[float]]:
    await asyncio.sleep(SETTLED_SECONDS / 2)
    await reading.want("policy_updated")
    async with beats.beating() as taken:
        await asyncio.sleep(0.2)
        await trigger()
        committed = time.monotonic()
        arrivals = await reading.arrivals(verified=verified)
    return arrivals[-1] - committed, [took for began, took in taken if committed - 0.1 < began < arrivals[-1]]


def _note(side: Side, seconds: float, beats: Sequence[float], spent: Spent) -> None:
    side.seconds.append(seconds)
    side.beats += beats
    side.spent.append(spent)


def _figures(count: int, how: str, tls: bool, ours: Side, bare: Side) -> list[Figure]:
    spent = middle_spent(ours.spent)
    times = " ".join(f"{seconds * 1000:.0f}" for seconds in ours.seconds)
    bare_cpu = middle([each.server for each in bare.spent])
    place = f"{count}_{how.lower()}"
    return [
        Figure(
            f"fan_out_{place}",
            f"one policy_updated to {count} live streams, last frame, {how}",
            middle(ours.seconds) * 1000,
            "ms",
            LAST[count],
            middle(bare.seconds) * 1000,
            BARE,
            spent,
            f"each {times} ms; bare {bare_cpu:.3f} ms CPU a stream",
        ),
        Figure(
            f"heartbeat_during_fan_out_{place}",
            f"heartbeat meanwhile, p99, {count} streams, {how}",
            percentile(ours.beats, 0.99) * 1000,
            "ms",
            BEAT,
            percentile(bare.beats, 0.99) * 1000,
            BARE,
            spent,
            f"{len(ours.beats)} heartbeats, p50 {middle(ours.beats) * 1000:.1f} ms",
        ),
        Figure(
            f"idle_stream_{place}",
            f"memory of an idle stream of {count}, {how}",
            ours.held,
            "KiB",
            IDLE[tls],
            bare.held,
            "a bare stream",
            Spent(0.0, 0.0),
            f"kernel buffers of both ends: {ours.kernel:.1f} KiB",
        ),
    ]
