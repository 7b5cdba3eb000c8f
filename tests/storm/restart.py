"""A restart under ten thousand streams: killed without a word, all are back, nothing is lost, heartbeats go on."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

from tests.bench.population import CLASS_SIZE
from tests.bench.processes import Cpu
from tests.storm.crowd_process import CrowdProcess, crowd_process
from tests.storm.moves import Moves, classes_of, head, missed
from tests.storm.promises import Promise, heartbeats, none, within
from tests.storm.stage import Stage
from tests.storm.wire import Caller
from tests.support.control_plane import free_port

NODES: Final = 10_000
VERIFY_EACH: Final = 10
MOVES_A_SECOND: Final = 20
BACK_SECONDS: Final = 60.0
SETTLE_SECONDS: Final = 10.0
LATE_SECONDS: Final = 30.0


async def restart(stage: Stage) -> list[Promise]:
    """Kill the server under its streams while nodes move, and start it again."""
    nodes = await stage.classes(stage.scaled(NODES, CLASS_SIZE * 2))
    peers, port = classes_of(nodes), free_port()
    # Two of each class: the second is heard by the first, so that everybody has a place to come back to.
    movers = [node for number, node in enumerate(nodes) if number % CLASS_SIZE < 2]
    moves = Moves(Caller(port), movers)
    async with crowd_process(port) as crowd:
        async with stage.server(port) as server:
            stage.say(f"  opening {len(nodes)} streams …")
            await crowd.begin(nodes, stage.interval, VERIFY_EACH)
            since = await head(stage)
            await moves.round()
            moving = asyncio.create_task(moves.go_on(MOVES_A_SECOND))
            await asyncio.sleep(min(stage.interval, 5.0))
            stage.say("  killing the server (-9) and starting it again …")
            killed = time.monotonic()
            await server.kill()
        async with stage.server(port) as server:
            serving = time.monotonic()
            in_time = await crowd.until_streaming(len(nodes), BACK_SECONDS * 2, stage.say)
            cost = Cpu(server.process.pid).seconds()
            stage.say(f"  {'all' if in_time else 'not all'} streams are back")
            stage.say(f"  {await crowd.ask('tally', since=killed)}")
            await asyncio.sleep(max(0.0, SETTLE_SECONDS * stage.scale))
            moving.cancel()
            with suppress(asyncio.CancelledError):
                await moving
            last = await head(stage)
            await asyncio.sleep(3)
            return [
                Promise(
                    "serves again", True, f"{serving - killed:.2f} s after the kill", "told, not promised"
                ),
                *await _back(crowd, killed, serving, len(nodes), cost),
                *await _kept(stage, crowd, moves, peers, since),
                *heartbeats(await crowd.ask("beats", since=serving)),
                Promise("events meanwhile", last > since, f"{last - since} rows of the log", "> 0"),
            ]


async def _back(crowd: CrowdProcess, killed: float, serving: float, count: int, cost: float) -> list[Promise]:
    back = await crowd.ask("opened_since", since=killed)
    tally = await crowd.ask("tally", since=killed)
    last = back[count - 1] - serving if len(back) >= count else float("inf")
    told = f"stream attempts by status {tally['opens']}, state pulls {tally['pulls']}"
    bare = (
        f"{cost / count * 1000:.2f} ms of the server's CPU for each that came back, its boot included; {told}"
    )
    return [within(f"{count} streams are back", last, BACK_SECONDS, bare)]


async def _kept(
    stage: Stage, crowd: CrowdProcess, moves: Moves, peers: Mapping[str, Sequence[str]], since: int
) -> list[Promise]:
    told, lost = await _told(stage, crowd, peers, since)
    tally = await crowd.ask("tally", since=0.0)
    frames = sum(map(len, told.values()))
    where = await crowd.ask("endpoints", nodes=list(moves.attempted))
    return [
        none("events lost", lost, frames),
        none("moves forgotten", _forgotten(moves, peers, where), len(moves.acknowledged)),
        none("frames out of order, twice, forged or another's", tally["faults"], frames),
        Promise("signatures checked", tally["verified"] > 0, f"{tally['verified']} of {frames}", "a sample"),
    ]


async def _told(
    stage: Stage, crowd: CrowdProcess, peers: Mapping[str, Sequence[str]], since: int
) -> tuple[Any, list[str]]:
    # What comes late is not lost.
    end = time.monotonic() + LATE_SECONDS
    while True:
        told = await crowd.ask("told")
        lost = await missed(stage, peers, told, since)
        if not lost or time.monotonic() > end:
            return told, lost
        await asyncio.sleep(1)


def _forgotten(moves: Moves, peers: Mapping[str, Sequence[str]], where: Mapping[str, Any]) -> list[str]:
    # Whose last answer was lost has moved or has not: either is right.
    settled = [each for each, place in moves.acknowledged.items() if moves.attempted[each] == place]
    return [
        f"{mover} at {node_id}"
        for mover in settled
        for node_id in peers[mover]
        if where[node_id].get(mover) != moves.acknowledged[mover]
    ]
