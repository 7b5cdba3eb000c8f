"""Most of a fleet vanishes for seven minutes and comes back: nobody loses a peer unasked, and the return is calm."""

import asyncio
import time
from typing import Any, Final

from tests.bench.population import CLASS_SIZE
from tests.storm.crowd_process import CrowdProcess, crowd_process
from tests.storm.promises import Promise, heartbeats, none, within
from tests.storm.stage import Stage
from tests.support.control_plane import Place, ServerProcess, free_port

NODES: Final = CLASS_SIZE * 40
SHARE: Final = 0.6
# Seven minutes of the usual 30 s.
INTERVALS: Final = 14
COMPRESSED: Final = 5
VERIFY_EACH: Final = 10
BACK_SECONDS: Final = 60.0
# Told once that a peer is silent and once that it is back, by each of those who see it.
FRAMES_A_PEER: Final = 2


async def vanish(stage: Stage) -> list[Promise]:
    """Let 60 % of the agents fall silent for 14 intervals, and come back all at once; nobody confirms anything."""
    interval = min(stage.interval, COMPRESSED)
    nodes = await stage.classes(stage.scaled(NODES, CLASS_SIZE))
    port = free_port()
    async with crowd_process(port) as crowd, stage.server(port) as server:
        await _beat_each(stage, server, interval)
        await crowd.begin(nodes, interval, VERIFY_EACH)
        await asyncio.sleep(interval * 2)
        began = time.monotonic()
        gone = await crowd.ask("vanish", share=SHARE)
        stage.say(
            f"  {len(gone)} of {len(nodes)} agents are silent for {INTERVALS} intervals of {interval:g} s …"
        )
        await asyncio.sleep(INTERVALS * interval)
        silent = await _withheld(stage, server, len(gone), interval)
        returned = await crowd.ask("come_back", nodes=gone)
        stage.say(f"  {returned} agents come back …")
        back_at = time.monotonic()
        in_time = await crowd.until_streaming(len(nodes), BACK_SECONDS, stage.say)
        last = time.monotonic() - back_at
        await asyncio.sleep(interval * 2)
        beats = await crowd.ask("beats", since=began)
        healthy = (await _reachability(stage, server))["nodes"]["healthy"]
        return [
            Promise(
                "the guard holds, unconfirmed",
                bool(silent["guard"]["holds"]) and silent["guard"]["withheld"] == len(gone),
                f"{silent['nodes']}, {silent['guard']['withheld']} withheld",
                f"{len(gone)} withheld",
            ),
            Promise("all are healthy again", healthy == len(nodes), f"{healthy} of {len(nodes)}", "all"),
            Promise("all are back", in_time, f"{len(gone)} agents", "all"),
            within("the last is back", last, BACK_SECONDS),
            *await _calm(crowd, began, back_at, len(gone), len(nodes)),
            *heartbeats(beats),
        ]


async def _withheld(stage: Stage, server: ServerProcess, count: int, interval: float) -> Any:
    # A ticker that a busy machine keeps waiting for an interval begins to count anew: silence may last longer then.
    for _ in range(INTERVALS):
        found = await _reachability(stage, server)
        if found["guard"]["withheld"] == count:
            break
        await asyncio.sleep(interval)
    return found


async def _reachability(stage: Stage, server: ServerProcess) -> Any:
    async with _place(stage, server).as_operator() as client:
        answer = await client.get(f"/v1/domains/{stage.place.domain_id}/reachability")
        return answer.raise_for_status().json()


def _place(stage: Stage, server: ServerProcess) -> Place:
    return Place(server.base_url, stage.place.operator, stage.place.domain_id, stage.place.project_id)


async def _beat_each(stage: Stage, server: ServerProcess, interval: float) -> None:
    async with _place(stage, server).as_operator() as client:
        changed = {"reachability": {"heartbeat_interval": f"{interval:g}s"}}
        answer = await client.patch(f"/v1/domains/{stage.place.domain_id}", json=changed)
        assert answer.is_success, answer.text


async def _calm(crowd: CrowdProcess, began: float, back_at: float, gone: int, nodes: int) -> list[Promise]:
    told = await crowd.ask("told")
    away = await crowd.ask("tally", since=began)
    since = await crowd.ask("tally", since=back_at)
    removed = [
        f"at {node_id}" for node_id, frames in told.items() for frame in frames if frame[2] == "peer_removed"
    ]
    frames = sum(map(len, told.values()))
    opens, pulls = sum(since["opens"].values()), sum(since["pulls"].values())
    most_frames = FRAMES_A_PEER * nodes * (CLASS_SIZE - 1)
    return [
        none("peers taken away without a confirmation", removed, frames),
        Promise(
            "streams opened by the return",
            opens <= gone * 1.1,
            f"{opens} {since['opens']}",
            f"<= {gone} and 10 %",
        ),
        Promise(
            "states pulled by the return", pulls <= gone * 2, f"{pulls} {since['pulls']}", f"<= {gone * 2}"
        ),
        Promise("frames", away["frames"] <= most_frames, str(away["frames"]), f"<= {most_frames}"),
        none("frames out of order, twice, forged or another's", since["faults"], frames),
    ]
