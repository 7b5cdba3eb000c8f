"""Many simulated nodes in one process."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from plexd.protocol.client.control_plane import ControlPlane
from plexd.protocol.errors import ControlPlaneError
from plexd.protocol.masked import Masked
from plexd.protocol.timing import Timing
from plexd.simulate.counters import Counters
from plexd.simulate.executions import Perform, succeed
from plexd.simulate.latencies import Latencies
from plexd.simulate.node import SimulatedNode
from plexd.simulate.pace import Pace

CONCURRENCY: Final = 64


@dataclass(frozen=True, slots=True)
class FleetReport:
    """Where a fleet stands; latencies are those of heartbeats, in seconds."""

    wanted: int
    enrolled: int
    refused: int
    streaming: int
    ended: int
    totals: Counters
    p50: float | None
    p99: float | None


class Fleet:
    """
    As many nodes as there are tokens, enrolled a bounded number at a time.

    As a context manager all nodes vanish at the end of the block. `refusals` holds, by hostname, why a machine was
    not let in.
    """

    def __init__(
        self,
        control_plane: ControlPlane,
        tokens: Sequence[str | Masked],
        *,
        name: str = "sim",
        pace: Pace | None = None,
        timing: Timing | None = None,
        perform: Perform = succeed,
        concurrency: int = CONCURRENCY,
    ) -> None:
        self.nodes: list[SimulatedNode] = []
        self.refusals: dict[str, ControlPlaneError] = {}
        self.latencies = Latencies()
        self._concurrency = concurrency
        self._machines = [
            SimulatedNode(
                control_plane,
                token,
                f"{name}-{number}",
                endpoint=_endpoint(number),
                pace=pace,
                timing=timing,
                perform=perform,
                record_latency=self.latencies.record,
            )
            for number, token in enumerate(tokens)
        ]

    async def __aenter__(self) -> "Fleet":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._each(self.nodes, SimulatedNode.stop)

    async def enrol(self) -> None:
        """Enrol and run every machine; those refused are noted and left out."""
        await self._each(self._machines, self._enrol)

    async def deregister(self) -> None:
        """Let every node leave for good; a node whose call fails is noted among the refusals."""
        await self._each(self.nodes, self._deregister)

    def report(self) -> FleetReport:
        """Return where the fleet stands."""
        totals = Counters()
        for node in self.nodes:
            totals.add(node.counters)
        return FleetReport(
            wanted=len(self._machines),
            enrolled=len(self.nodes),
            refused=len(self.refusals),
            streaming=sum(node.is_streaming for node in self.nodes),
            ended=sum(node.failure is not None for node in self.nodes),
            totals=totals,
            p50=self.latencies.percentile(0.50),
            p99=self.latencies.percentile(0.99),
        )

    async def _enrol(self, node: SimulatedNode) -> None:
        with self._noting_refusal(node):
            await node.enrol()
            node.run()
            self.nodes.append(node)

    async def _deregister(self, node: SimulatedNode) -> None:
        with self._noting_refusal(node):
            await node.deregister()

    async def _each(
        self, nodes: Sequence[SimulatedNode], act: Callable[[SimulatedNode], Coroutine[Any, Any, None]]
    ) -> None:
        remaining = iter(list(nodes))
        async with asyncio.TaskGroup() as workers:
            for _ in range(min(self._concurrency, len(nodes))):
                workers.create_task(_work_off(remaining, act))

    @contextmanager
    def _noting_refusal(self, node: SimulatedNode) -> Iterator[None]:
        try:
            yield
        except ControlPlaneError as refusal:
            self.refusals[node.hostname] = refusal


async def _work_off(
    remaining: Iterator[SimulatedNode], act: Callable[[SimulatedNode], Coroutine[Any, Any, None]]
) -> None:
    for node in remaining:
        await act(node)


def _endpoint(number: int) -> str:
    # 198.18.0.0/15 is set aside for benchmarks: 131,072 addresses, and a port of its own for each round.
    host = number % 131_072
    return f"198.{18 + host // 65_536}.{host // 256 % 256}.{host % 256}:{51820 + number // 131_072}"
