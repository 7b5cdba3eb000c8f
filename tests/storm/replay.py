"""An hour is replayed to five hundred nodes at once, from memory and by the index, while others give signs of life."""

import asyncio
import time
from typing import Any, Final

from tests.bench.population import CLASS_SIZE, Populated
from tests.bench.processes import Cpu
from tests.storm.crowd_process import CrowdProcess, crowd_process
from tests.storm.moves import Moves, classes_of, head, missed
from tests.storm.promises import Promise, heartbeats, none, within
from tests.storm.stage import Stage
from tests.storm.wire import Caller
from tests.support.control_plane import ServerProcess, free_port

NODES: Final = 500
OTHERS: Final = CLASS_SIZE * 4
OTHERS_INTERVAL: Final = 1.0
ROUNDS: Final = 2
VERIFY_EACH: Final = 10
WRITTEN_SECONDS: Final = 10.0
# More rows than a process reads when it meets a Domain: what lies before them is found by index alone.
LATER_ROWS: Final = 11_000
AGE: Final = "UPDATE event_log SET recorded_at = recorded_at - interval '1 hour' WHERE log_offset <= %s"
LATER: Final = """
WITH moved AS (
    UPDATE event_heads SET next_offset = next_offset + %(rows)s WHERE domain_id = %(domain)s RETURNING next_offset
)
INSERT INTO event_log (domain_id, log_offset, kind, subject, recipients, frames, reconcile, reason, recorded_at)
SELECT %(domain)s, next_offset - n, 'node', gen_random_uuid(), '{}', '[]'::jsonb, '{}', '', clock_timestamp()
FROM moved, generate_series(1, %(rows)s) AS n
"""


async def replay(stage: Stage) -> list[Promise]:
    """Let nodes miss an hour, and come back all at once: to the process that was there, and to one that was not."""
    count = stage.scaled(NODES, CLASS_SIZE)
    made = await stage.classes(-(-count // CLASS_SIZE) * CLASS_SIZE + stage.scaled(OTHERS, CLASS_SIZE))
    nodes, others = made[:count], made[-stage.scaled(OTHERS, CLASS_SIZE) :]
    movers = made[: -(-count // CLASS_SIZE) * CLASS_SIZE]
    port = free_port()
    async with stage.server(port) as server:
        since = await head(stage)
        stage.say(f"  {ROUNDS * len(movers)} moves while {count} nodes are away …")
        moves = Moves(Caller(port), movers)
        for _ in range(ROUNDS):
            await moves.round()
        last = await head(stage)
        async with stage.database() as connection:
            await connection.execute(AGE, [last])
        stage.say("  all come back to the process that was there …")
        memory = await _comes_back(stage, server, nodes, others, since, "memory")
    async with stage.database() as connection:
        await connection.execute(LATER, {"rows": LATER_ROWS, "domain": stage.place.domain_id})
    async with stage.server(port) as server:
        stage.say(
            "  all come back to a process that started after, with 11,000 rows behind what they missed …"
        )
        index = await _comes_back(stage, server, nodes, others, since, "index")
    return [*memory, *index]


async def _comes_back(
    stage: Stage,
    server: ServerProcess,
    nodes: list[Populated],
    others: list[Populated],
    since: int,
    whence: str,
) -> list[Promise]:
    port = int(server.base_url.rpartition(":")[2])
    async with crowd_process(port) as away, crowd_process(port) as there:
        await there.begin(others, OTHERS_INTERVAL, VERIFY_EACH)
        await away.begin(nodes, 600.0, VERIFY_EACH, stand=since)
        cost, before = Cpu(server.process.pid), Cpu(server.process.pid).seconds()
        began = await away.ask("run")
        told = await _until_told(away, nodes, WRITTEN_SECONDS * 3)
        spent = cost.seconds() - before
        return [
            *await _written(stage, away, nodes, told, since, whence, spent, began),
            *(
                Promise(f"{promise.name}, meanwhile ({whence})", promise.kept, promise.found, promise.bar)
                for promise in heartbeats(
                    [beat for beat in await there.ask("beats", since=began) if beat[0] <= time.monotonic()]
                )
            ),
        ]


async def _until_told(crowd: CrowdProcess, nodes: list[Populated], seconds: float) -> dict[str, Any]:
    end = time.monotonic() + seconds
    frames = len(nodes) * ROUNDS * (CLASS_SIZE - 1)
    while True:
        tally = await crowd.ask("tally", since=0.0)
        if tally["frames"] >= frames or time.monotonic() > end:
            return dict(await crowd.ask("told"))
        await asyncio.sleep(1)


async def _written(
    stage: Stage,
    crowd: CrowdProcess,
    nodes: list[Populated],
    told: dict[str, Any],
    since: int,
    whence: str,
    spent: float,
    began: float,
) -> list[Promise]:
    arrivals = [at for frames in told.values() for *_, at in frames]
    tally = await crowd.ask("tally", since=0.0)
    lost = await missed(stage, classes_of(nodes), told, since)
    rate = f"{spent / max(1, len(arrivals)) * 1e6:.0f} us of the server's CPU a frame"
    return [
        within(
            f"{len(arrivals)} frames are written ({whence})",
            max(arrivals, default=0) - began,
            WRITTEN_SECONDS,
            rate,
        ),
        none(f"events lost ({whence})", lost, len(arrivals)),
        none(f"frames out of order, twice, forged or another's ({whence})", tally["faults"], len(arrivals)),
        Promise(
            f"signatures checked ({whence})",
            tally["verified"] > 0,
            f"{tally['verified']} of {len(arrivals)}",
            "a sample",
        ),
    ]
