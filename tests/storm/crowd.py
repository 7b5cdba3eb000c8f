"""
A crowd of agents in a process of its own, so that the server is what is measured.

`python -m tests.storm.crowd PORT` reads one JSON command a line, and answers each with one line.
"""

import asyncio
import random
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from typing import Any, Final

import uvloop

from plexd.simulate.open_files import allow_open_files
from tests.storm.agent import Ledger, StormAgent, statuses
from tests.storm.commands import answer_commands
from tests.storm.wire import Caller, address_of

AT_ONCE: Final = 64


class Crowd:
    """Answers the commands; times are those of the machine's monotonic clock, the same in every process."""

    def __init__(self, port: int) -> None:
        self._port: Final = port
        self._agents: Final[dict[str, StormAgent]] = {}
        self._ledger: Final = Ledger()
        self._before: dict[tuple[str, str], str] = {}

    async def begin(
        self, nodes: list[tuple[str, str]], interval: float, verify_each: int, stand: int | None = None
    ) -> Any:
        """Have these nodes know their states, and their streams open unless they are to `stand` at a row."""
        allow_open_files(len(nodes) * 2)
        made = [
            StormAgent(Caller(self._port, address_of(number)), node_id, token, self._ledger, interval)
            for number, (node_id, token) in enumerate(nodes)
        ]
        gate = asyncio.Semaphore(AT_ONCE)

        async def enter(number: int, agent: StormAgent) -> None:
            async with gate:
                await agent.begin(number % verify_each == 0)
                if stand is not None:
                    agent.stand(stand)
                    return
                agent.run()
                await agent.streams.wait()

        await asyncio.gather(*(enter(number, agent) for number, agent in enumerate(made)))
        self._agents.update((agent.node_id, agent) for agent in made)
        return len(made)

    async def run(self) -> Any:
        """Let every agent begin its duties, all at once."""
        began = time.monotonic()
        for agent in self._agents.values():
            agent.run()
        return began

    async def vanish(self, share: float) -> Any:
        """Let so many of the agents fall silent; return which."""
        gone = random.sample(list(self._agents), round(len(self._agents) * share))
        for node_id in gone:
            self._agents[node_id].vanish()
        return gone

    async def come_back(self, nodes: list[str]) -> Any:
        """Let those who vanished begin anew."""
        for node_id in nodes:
            self._agents[node_id].run()
        return len(nodes)

    async def streaming(self) -> Any:
        """Return how many streams are open."""
        return sum(agent.is_streaming for agent in self._agents.values())

    async def opened_since(self, since: float) -> Any:
        """Return when the streams that began since then were open, in order."""
        return sorted(at for at, status in self._ledger.opens if status == 200 and at >= since)

    async def beats(self, since: float) -> Any:
        """Return the heartbeats that began since then: when, how long, and how they ended."""
        return [beat for beat in self._ledger.beats if beat[0] >= since]

    async def tally(self, since: float) -> Any:
        """Return what was done since then, and every fault there ever was."""
        ledger = self._ledger
        return {
            "opens": statuses(ledger.opens, since),
            "pulls": statuses(ledger.pulls, since),
            "frames": sum(told.at >= since for agent in self._agents.values() for told in agent.told),
            "verified": ledger.verified,
            "asked": ledger.asked,
            "faults": ledger.faults[:20],
        }

    async def told(self) -> Any:
        """Return every frame: by node its places and arrivals, in the order of arrival."""
        return {
            node_id: [(told.offset, told.k, told.event_type, told.at) for told in agent.told]
            for node_id, agent in self._agents.items()
        }

    async def endpoints(self, nodes: list[str]) -> Any:
        """Return, for each agent, where it believes these nodes to be."""
        return {
            node_id: {each: agent.endpoints[each] for each in nodes if each in agent.endpoints}
            for node_id, agent in self._agents.items()
        }

    async def note_epochs(self, without: str) -> Any:
        """Remember the epoch of every pair that this node is no end of; return how many pairs there are."""
        self._before = {pair: epochs[0] for pair, epochs in self._pairs().items() if without not in pair}
        return len(self._before)

    async def freshness(self) -> Any:
        """Compare both ends of every pair, and each with what was noted; `at` is when the last agent learned of it."""
        pairs = self._pairs()
        agreed = sum(len(set(epochs)) == 1 and len(epochs) == 2 for epochs in pairs.values())
        stale = sum(self._before.get(pair) in epochs for pair, epochs in pairs.items())
        at = max(agent.learned_at for agent in self._agents.values())
        return {"pairs": len(pairs), "agreed": agreed, "stale": stale, "at": at}

    def _pairs(self) -> dict[tuple[str, str], list[str]]:
        pairs: dict[tuple[str, str], list[str]] = defaultdict(list)
        for pair, epoch in self._known():
            pairs[pair].append(sys.intern(epoch))
        return pairs

    def _known(self) -> Iterator[tuple[tuple[str, str], str]]:
        for node_id, agent in self._agents.items():
            for peer, epoch in agent.epochs.items():
                yield (min(node_id, peer), max(node_id, peer)), epoch


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(answer_commands(Crowd(int(sys.argv[1]))))
