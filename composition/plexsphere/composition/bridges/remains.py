"""Fleet's wish that nothing remains of a departed node, fulfilled by identity and the event log."""

from collections.abc import Sequence
from dataclasses import dataclass

from plexsphere.fleet.ports.departed import DepartedNode
from plexsphere.identity.ports.spent_credentials import SpentCredentials
from plexsphere.platform.events.log import EventLog


@dataclass(frozen=True, slots=True)
class RemainsBridge:
    """Answers fleet's port `Remains`."""

    spent: SpentCredentials
    log: EventLog

    async def forget(self, nodes: Sequence[DepartedNode], /) -> None:
        """Forget the identity with its token, and what pruned rows concerned the node."""
        await self.spent.forget_nodes(nodes)
        await self.log.forget(nodes)
