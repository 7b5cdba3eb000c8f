"""One token floods the server with what it may not do: everybody else is served, and the trail stays short."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

from tests.bench.population import CLASS_SIZE
from tests.storm.commands import ask, commanded
from tests.storm.crowd_process import crowd_process
from tests.storm.promises import Promise, heartbeats, percentile
from tests.storm.stage import Stage
from tests.storm.wire import Caller
from tests.support.control_plane import Place, ServerProcess, free_port
from tests.support.robots import robot

AGENTS: Final = CLASS_SIZE * 10
AGENTS_INTERVAL: Final = 3.0
VERIFY_EACH: Final = 10
CONNECTIONS: Final = 32
TIMES_CAPACITY: Final = 4.0
MEASURED_SECONDS: Final = 5.0
UNLIMITED: Final = {"PLEXSPHERE_OPERATOR_CALLS_PER_MINUTE": "900000"}
FLOOD_SECONDS: Final = 30.0
OPERATOR_PAUSE: Final = 0.1
# Ten rows of its own for each caller within a second, and one for each chain and kind of attempt beyond them.
ROWS_A_SECOND: Final = 13
ENTRIES: Final = """
SELECT (SELECT count(*) FROM audit_entries WHERE outcome = 'permission_denied')
     + (SELECT count(*) FROM audit_inbox WHERE outcome = 'permission_denied')
"""
REFUSED: Final = frozenset({"403", "429"})


@dataclass(frozen=True, slots=True)
class Others:
    """How the calls of an operator with every right went."""

    seconds: Sequence[float]
    failed: int

    @property
    def p99(self) -> float:
        """Return what 99 % of the calls took at most."""
        return percentile(self.seconds, 0.99)


async def denials(stage: Stage) -> list[Promise]:
    """Let a token without any right ask for a Domain at four times the rate that the server can refuse it."""
    nodes = await stage.classes(stage.scaled(AGENTS, CLASS_SIZE))
    port, path = free_port(), f"/v1/domains/{stage.place.domain_id}"
    flood_seconds, measured_seconds = (
        max(5.0, FLOOD_SECONDS * stage.scale),
        max(2.0, MEASURED_SECONDS * stage.scale),
    )
    async with stage.server(port, **UNLIMITED) as server, _flooding(port) as flood:
        token = await _stranger(stage, server)
        capacity = await ask(
            flood, "capacity", path=path, bearer=token, seconds=measured_seconds, connections=CONNECTIONS
        )
    rate = capacity["rate"] * TIMES_CAPACITY
    stage.say(
        f"  {capacity['rate']:.0f} refusals a second are the capacity without limits; now four times that"
    )
    async with stage.server(port), crowd_process(port) as crowd, _flooding(port) as flood:
        await crowd.begin(nodes, AGENTS_INTERVAL, VERIFY_EACH)
        quiet = await _operator(stage, port, path, measured_seconds)
        before, began = await _entries(stage), time.monotonic()
        flooding = asyncio.create_task(
            ask(flood, "flood", path=path, bearer=token, rate=rate, seconds=flood_seconds)
        )
        meanwhile = await _operator(stage, port, path, flood_seconds)
        beats = await crowd.ask("beats", since=began)
        flooded = await flooding
        await asyncio.sleep(2)
        grown = await _entries(stage) - before
        return [
            _refused(flooded, rate, flood_seconds),
            *_served(quiet, meanwhile),
            *heartbeats(beats),
            Promise(
                "audit entries",
                grown <= ROWS_A_SECOND * (flood_seconds + 4),
                f"{grown} for {sum(flooded['statuses'].values())} refusals",
                f"<= {ROWS_A_SECOND} a second",
            ),
        ]


async def _stranger(stage: Stage, server: ServerProcess) -> str:
    place = Place(server.base_url, stage.place.operator, stage.place.domain_id, stage.place.project_id)
    async with place.as_operator() as client:
        return (await robot(client, place.domain_id)).token


@asynccontextmanager
async def _flooding(port: int) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await commanded("tests.storm.flood", port)
    try:
        yield process
    finally:
        process.kill()
        await process.wait()


async def _operator(stage: Stage, port: int, path: str, seconds: float) -> Others:
    caller, end = Caller(port), time.monotonic() + seconds
    took, failed = list[float](), 0
    while time.monotonic() < end:
        began = time.monotonic()
        answer = await caller.call("GET", path, stage.place.operator.reveal())
        took.append(time.monotonic() - began)
        failed += answer.status != 200
        await asyncio.sleep(OPERATOR_PAUSE)
    return Others(took, failed)


async def _entries(stage: Stage) -> int:
    async with stage.database() as connection:
        row = await (await connection.execute(ENTRIES)).fetchone()
        return int(row[0]) if row else 0


def _refused(flooded: Any, rate: float, seconds: float) -> Promise:
    others = {status for status in flooded["statuses"] if status not in REFUSED}
    answered = sum(flooded["statuses"].values())
    return Promise(
        "the flood is refused, and nothing else",
        not others,
        f"{flooded['statuses']} of {flooded['offered']} offered, {rate:.0f} a second; "
        f"{answered / seconds:.0f} a second were answered, {flooded['unsent']} never found a connection",
        "403 or 429 alone",
    )


def _served(quiet: Others, meanwhile: Others) -> list[Promise]:
    beside = f"p99 without the flood: {quiet.p99 * 1000:.0f} ms"
    return [
        Promise(
            "an operator with every right is served",
            not meanwhile.failed,
            f"{len(meanwhile.seconds) - meanwhile.failed} of {len(meanwhile.seconds)}",
            "all",
        ),
        Promise(
            "operator's p99", meanwhile.p99 <= 0.5, f"{meanwhile.p99 * 1000:.0f} ms", "<= 500 ms", beside
        ),
    ]
