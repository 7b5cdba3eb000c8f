"""A node of a dense mesh is removed by force: a thousand peers hear of it at once, and every key it could know goes."""

import asyncio
import time
from typing import Final

from tests.bench.population import Populated
from tests.storm.crowd_process import CrowdProcess, crowd_process
from tests.storm.promises import Promise, heartbeats, none, percentile, within
from tests.storm.stage import Stage
from tests.storm.wire import Answer, Caller
from tests.support.control_plane import free_port

PEERS: Final = 1_000
VERIFY_EACH: Final = 5
REMOVED_SECONDS: Final = 1.0
INTERVALS: Final = 2


async def removal(stage: Stage) -> list[Promise]:
    """Remove one of 1,001 nodes that all see each other."""
    nodes = await stage.dense(stage.scaled(PEERS, 20) + 1)
    gone, peers = nodes[0], nodes[1:]
    port = free_port()
    async with crowd_process(port) as crowd, stage.server(port):
        stage.say(f"  opening {len(peers)} streams …")
        await crowd.begin(peers, stage.interval, VERIFY_EACH)
        before = await crowd.ask("note_epochs", without=gone.node_id)
        stage.say("  removing the node …")
        began = time.monotonic()
        answer = await _removed(stage, port, gone)
        answered = time.monotonic()
        # Nothing is asked of the crowd meanwhile: to compare half a million pairs keeps it from reading for seconds.
        await asyncio.sleep(INTERVALS * stage.interval)
        beats = await crowd.ask("beats", since=began)
        freshness = await crowd.ask("freshness")
        return [
            Promise("the removal is answered", answer.status == 204, f"{answered - began:.2f} s", "204"),
            *await _heard(crowd, began, answered, len(peers)),
            Promise(
                "pairs that are fresh, and agree at both ends",
                freshness["agreed"] == before and freshness["stale"] == 0 and freshness["pairs"] == before,
                f"{freshness['agreed']} of {before}, {freshness['stale']} with their former key",
                "all",
            ),
            within(
                "all pairs are fresh",
                freshness["at"] - began,
                INTERVALS * stage.interval,
                f"interval {stage.interval:g} s",
            ),
            *heartbeats(beats),
        ]


async def _removed(stage: Stage, port: int, node: Populated) -> Answer:
    path = f"/v1/nodes/{node.node_id}?confirm=true"
    return await Caller(port).call("DELETE", path, stage.place.operator.reveal())


async def _heard(crowd: CrowdProcess, began: float, answered: float, peers: int) -> list[Promise]:
    told = await crowd.ask("told")
    heard = [
        next(at for _, _, event_type, at in frames if event_type == "peer_removed") - began
        for frames in told.values()
        if any(event_type == "peer_removed" for _, _, event_type, _ in frames)
    ]
    tally = await crowd.ask("tally", since=began)
    frames = sum(map(len, told.values()))
    beside = (
        f"from the request's first byte: half of them after {percentile(heard, 0.5):.2f} s, the last after "
        f"{max(heard, default=0):.2f} s; {tally['asked']} asked to reconcile, state pulls {tally['pulls']}"
    )
    return [
        Promise("peers that were told", len(heard) == peers, f"{len(heard)} of {peers}", "all"),
        within("peer_removed p99", percentile(heard, 0.99), REMOVED_SECONDS, beside),
        none("frames out of order, twice, forged or another's", tally["faults"], frames),
    ]
