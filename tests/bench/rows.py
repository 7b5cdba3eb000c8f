"""One function for each figure; each returns what it measured beside its yardstick."""

import asyncio
import base64
import os
import statistics
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import httpx
import msgspec
import psycopg

from plexsphere.composition.boot import booted
from plexsphere.platform.kernel.ids import DomainId, ProjectId
from plexsphere.platform.kernel.secret import Secret
from tests.bench.load import Measured, Stream, hammer, read_answer, request
from tests.bench.population import CLASS_SIZE, Populated, Population, hostname
from tests.bench.processes import Cpu, Yardstick
from tests.support.control_plane import Place, ServerProcess, first_boot, server_process, settings_for

HEARTBEATS: Final = 20_000
STATES: Final = 400
REGISTRATIONS: Final = 200
COMMITS: Final = 200
STREAMS: Final = 2_000
IDLE: Final = 2_000
BODY: Final = b'{"node_id":"","timestamp":"2026-01-15T10:30:00Z","status":"healthy","uptime":"72h15m"}'


@dataclass(frozen=True, slots=True)
class Figure:
    """A measured figure beside its yardstick; `ratio` is what counts, `bar` what it should come to."""

    name: str
    ratio: float
    bar: str
    holds: bool
    ours: str
    yardstick: str


@dataclass(slots=True)
class Bench:
    """A booted database, lent to each row in turn."""

    dsn: Secret[str]
    postgres: Cpu
    say: Callable[[str], None]
    place: Place = field(init=False)
    population: int = 0

    async def begin(self) -> None:
        """Boot for the first time."""
        operator, domain_id, project_id = await first_boot(self.dsn)
        self.place = Place("", operator, domain_id, project_id)
        async with self.populating() as population:
            await self._deny_all_default(population)

    async def _deny_all_default(self, population: Population) -> None:
        listed = await population.root.policy().list_policies(population.project_id, None, 10)
        for header in listed.headers:
            await population.root.policy().delete_policy(population.project_id, header.id, confirm=True)

    @asynccontextmanager
    async def populating(self) -> AsyncIterator[Population]:
        """Lend a population while no server runs."""
        async with booted(settings_for(self.dsn, 0, pool_size=4)) as root:
            yield Population(root, DomainId(_id(self.place.domain_id)), ProjectId(_id(self.place.project_id)))

    async def grow(self, count: int) -> list[Populated]:
        """Let there be `count` nodes in classes of 51; return those that are new."""
        if count <= self.population:
            return []
        first = -(-self.population // CLASS_SIZE)
        async with self.populating() as population:
            self.say(f"  putting {count - self.population} nodes in place …")
            await population.classes(first, -(-count // CLASS_SIZE) - first)
            made = await population.nodes(self.population, count - self.population)
        self.population = count
        return made


def _id(text: str) -> Any:
    from uuid import UUID

    return UUID(text)


def _port(server: ServerProcess) -> int:
    return int(server.base_url.rpartition(":")[2])


def _over(ours: Measured, bare: Measured) -> float:
    return bare.cpu_microseconds / ours.cpu_microseconds


def _told(measured: Measured) -> str:
    return f"{measured.cpu_microseconds:.0f} us CPU a request, {measured.requests / measured.seconds:.0f}/s"


async def heartbeat_and_state(bench: Bench, bare: Yardstick) -> list[Figure]:
    """Heartbeat and unchanged state over a bare ASGI function with the same decode."""
    nodes = await bench.grow(CLASS_SIZE * 2)
    async with server_process(bench.dsn) as server:
        cpu, port = Cpu(server.process.pid), _port(server)
        beats = [request("POST", f"/v1/nodes/{n.node_id}/heartbeat", n.token, BODY) for n in nodes[:64]]
        plain = await hammer(bare.port, beats, HEARTBEATS, bare.cpu)
        ours = await hammer(port, beats, HEARTBEATS, cpu)
        states = [await _unchanged(port, node) for node in nodes[:64]]
        unchanged = await hammer(port, states, HEARTBEATS, cpu)
    return [
        _ratio("heartbeat, authenticated and recorded", ours, plain, 0.60),
        _ratio("state unchanged (304)", unchanged, plain, 0.50),
    ]


def _ratio(name: str, ours: Measured, plain: Measured, bar: float) -> Figure:
    ratio = _over(ours, plain)
    return Figure(name, ratio, f">= {bar:.2f}", ratio >= bar, _told(ours), f"bare ASGI: {_told(plain)}")


async def _unchanged(port: int, node: Populated) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**24)
    writer.write(request("GET", f"/v1/nodes/{node.node_id}/state", node.token))
    head = await reader.readuntil(b"\r\n\r\n")
    tag = head.lower().partition(b"etag: ")[2].partition(b"\r\n")[0].decode()
    writer.close()
    return request("GET", f"/v1/nodes/{node.node_id}/state", node.token, b"", f"If-None-Match: {tag}")


async def full_state(bench: Bench, bare: Yardstick) -> list[Figure]:
    """A full state with 1,000 peers."""
    async with bench.populating() as population:
        await population.policy("thousand", "thousand=yes", "allow", 443)
    crowd = await _crowd(bench, 1001)
    async with server_process(bench.dsn) as server:
        asks = [request("GET", f"/v1/nodes/{node.node_id}/state", node.token) for node in crowd[:16]]
        ours = await hammer(_port(server), asks, STATES, Cpu(server.process.pid))
    plain = await hammer(bare.port, [request("GET", "/", "")], STATES * 10, bare.cpu)
    milliseconds = ours.cpu_microseconds / 1000
    return [
        Figure(
            "full state with 1,000 peers",
            _over(ours, plain),
            "<= 5 ms CPU",
            milliseconds <= 5,
            f"{milliseconds:.2f} ms CPU",
            f"bare ASGI: {_told(plain)}",
        )
    ]


async def _crowd(bench: Bench, count: int) -> list[Populated]:
    from dataclasses import replace

    first = 20_000
    async with bench.populating() as population, population.root.platform().database():
        turn = await population.root.views().take_turn(population.domain_id)
        return [
            await population.put(
                replace(population.made(first + n), metadata={"thousand": "yes"}), turn.revision
            )
            for n in range(count)
        ]


async def registration(bench: Bench) -> list[Figure]:
    """Registration at 10,000 nodes over registration at 100, each new node with 50 visible peers."""
    small = await _registrations(bench, CLASS_SIZE * 2)
    large = await _registrations(bench, 10_000)
    ratio = large / small
    return [
        Figure(
            "registration at 10,000 nodes over 100",
            ratio,
            "<= 1.20",
            ratio <= 1.2,
            f"{large * 1000:.1f} ms CPU (server and PostgreSQL)",
            f"at 100 nodes: {small * 1000:.1f} ms CPU",
        )
    ]


async def _registrations(bench: Bench, nodes: int) -> float:
    await bench.grow(nodes)
    async with server_process(bench.dsn) as server:
        place = Place(server.base_url, bench.place.operator, bench.place.domain_id, bench.place.project_id)
        bodies = [
            await _enrolment(place, number % (nodes // CLASS_SIZE)) for number in range(REGISTRATIONS + 8)
        ]
        async with httpx.AsyncClient(base_url=server.base_url, timeout=60) as client:
            for body in bodies[:8]:
                (await client.post("/v1/register", json=body)).raise_for_status()
            await asyncio.sleep(1)
            cpu = Cpu(server.process.pid)
            before = cpu.seconds() + bench.postgres.seconds()
            for body in bodies[8:]:
                (await client.post("/v1/register", json=body)).raise_for_status()
            return (cpu.seconds() + bench.postgres.seconds() - before) / REGISTRATIONS


async def _enrolment(place: Place, number: int) -> dict[str, Any]:
    [token] = await place.bootstrap_tokens(1, labels={"class": f"c{number}"})
    return {"token": token, "public_key": base64.b64encode(os.urandom(32)).decode(), "hostname": hostname()}


async def commit_to_frame(bench: Bench) -> list[Figure]:
    """From a commit's answer to the frame at a peer, on the same process and on another."""
    nodes = await bench.grow(CLASS_SIZE * 2) or await _known(bench)
    writer, hearer = nodes[0], nodes[1]
    ring = await _rings(bench.dsn)
    async with server_process(bench.dsn) as one, server_process(bench.dsn) as other:
        same = await _frames(_port(one), _port(one), writer, hearer)
        across = await _frames(_port(one), _port(other), writer, hearer)
    return [
        _latency("commit to signed frame, same process, p99", same, ring, 0.100),
        _latency("commit to signed frame, other process, p99", across, ring, 0.200),
    ]


def _latency(name: str, found: Sequence[float], ring: Sequence[float], bar: float) -> Figure:
    worst, yardstick = _p99(found), _p99(ring)
    middle = statistics.median(found) * 1000
    return Figure(
        name,
        worst / yardstick,
        f"<= {bar * 1000:.0f} ms",
        worst <= bar,
        f"p50 {middle:.1f} ms, p99 {worst * 1000:.1f} ms",
        f"bare commit and NOTIFY: p99 {yardstick * 1000:.1f} ms",
    )


def _p99(values: Sequence[float]) -> float:
    return sorted(values)[int(len(values) * 0.99) - 1]


async def _known(bench: Bench) -> list[Populated]:
    bench.population += 2 * CLASS_SIZE - bench.population % CLASS_SIZE
    bench.population -= bench.population % CLASS_SIZE
    return await bench.grow(bench.population + CLASS_SIZE * 2)


async def _frames(writer_port: int, hearer_port: int, writer: Populated, hearer: Populated) -> list[float]:
    stream = Stream(hearer.token, hearer.node_id)
    await stream.open(hearer_port)
    reader, out = await asyncio.open_connection("127.0.0.1", writer_port)
    found = []
    for number in range(COMMITS):
        body = msgspec.json.encode(
            {"public_endpoint": f"198.19.{number % 250}.{hearer_port % 250}:{1000 + number}"}
        )
        arrival = asyncio.create_task(stream.wait(b"peer_endpoint_changed"))
        out.write(request("PUT", f"/v1/nodes/{writer.node_id}/endpoint", writer.token, body))
        status, _ = await read_answer(reader)
        assert status == 200
        committed = time.perf_counter()
        found.append(max(0.0, await arrival - committed))
    stream.close()
    out.close()
    return found


async def _rings(dsn: Secret[str]) -> list[float]:
    found = []
    async with (
        await psycopg.AsyncConnection.connect(dsn.reveal(), autocommit=True) as ringing,
        await psycopg.AsyncConnection.connect(dsn.reveal(), autocommit=True) as listening,
    ):
        # A temporary table would cost no write to disk at its commits.
        await ringing.execute("CREATE TABLE IF NOT EXISTS public.bench_commits (id bigint)")
        await listening.execute("LISTEN bench")
        for number in range(COMMITS):
            started = time.perf_counter()
            await ringing.execute("INSERT INTO public.bench_commits VALUES (%s)", [number])
            await ringing.execute("NOTIFY bench")
            async for _ in listening.notifies(stop_after=1):
                found.append(time.perf_counter() - started)
    return found


async def fan_out_and_memory(bench: Bench, bare: Yardstick) -> list[Figure]:
    """One policy_updated to 2,000 live streams, and what an idle stream costs."""
    nodes = await _known_many(bench, STREAMS)
    async with server_process(bench.dsn) as server:
        ours, held = await _fan(_port(server), Cpu(server.process.pid), nodes, lambda: _deny(bench, server))
    plain_nodes = [Populated("0", "") for _ in range(STREAMS)]
    plain, bare_held = await _fan(bare.port, bare.cpu, plain_nodes, lambda: _post_fan(bare.port))
    return [
        Figure(
            f"one policy_updated to {STREAMS} streams, last frame",
            ours / plain,
            "<= 250 ms",
            ours <= 0.250,
            f"{ours * 1000:.0f} ms",
            f"bare signed frames of 1 KiB: {plain * 1000:.0f} ms",
        ),
        Figure(
            "memory of an idle stream, plain",
            held / bare_held,
            "<= 24 KiB",
            held <= 24 * 1024,
            f"{held / 1024:.1f} KiB",
            f"bare stream: {bare_held / 1024:.1f} KiB",
        ),
    ]


async def _known_many(bench: Bench, count: int) -> list[Populated]:
    bench.population -= bench.population % CLASS_SIZE
    first = max(bench.population, 30_000 - 30_000 % CLASS_SIZE)
    bench.population = first
    return await bench.grow(first + count)


async def _fan(
    port: int, cpu: Cpu, nodes: Sequence[Populated], trigger: Callable[[], Any]
) -> tuple[float, float]:
    streams = [Stream(node.token, node.node_id) for node in nodes]
    warm = Stream(nodes[0].token, nodes[0].node_id)
    await warm.open(port)
    before = cpu.resident()
    for start in range(0, len(streams), 100):
        await asyncio.gather(*(stream.open(port) for stream in streams[start : start + 100]))
    held = (cpu.resident() - before) / len(streams)
    await asyncio.sleep(2)
    waits = [asyncio.create_task(stream.wait(b"policy_updated")) for stream in streams]
    await asyncio.sleep(1)
    started = await trigger()
    last = max(await asyncio.gather(*waits))
    for stream in [*streams, warm]:
        stream.close()
    return last - started, held


async def _deny(bench: Bench, server: ServerProcess) -> float:
    rule = {"action": "deny", "protocol": "tcp", "source_cidr": "0.0.0.0/0", "destination_cidr": "0.0.0.0/0"}
    body = {
        "slug": f"deny-{hostname()}",
        "selector": {"source": "*", "destination": "*"},
        "rules": [{**rule, "ports": {"from": 9, "to": 9}}],
    }
    headers = {"Authorization": f"Bearer {bench.place.operator.reveal()}"}
    async with httpx.AsyncClient(base_url=server.base_url, headers=headers, timeout=60) as client:
        answer = await client.post(f"/v1/projects/{bench.place.project_id}/policies", json=body)
        answer.raise_for_status()
    return time.perf_counter()


async def _post_fan(port: int) -> float:
    started = time.perf_counter()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request("POST", "/fan", "", b"{}"))
    await read_answer(reader)
    writer.close()
    return started
