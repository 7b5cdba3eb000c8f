"""Use case: list what a node ran without being told to."""

from dataclasses import dataclass

from plexsphere.platform.kernel.ids import DomainId, NodeId
from plexsphere.policy.ports.actions.local_executions import LocalExecutionPage, LocalExecutions


@dataclass(frozen=True, slots=True)
class ListLocalExecutions:
    """Return a page of a node's local executions in the order of their ids, from behind `after`."""

    local_executions: LocalExecutions

    async def __call__(
        self, domain_id: DomainId, node_id: NodeId, after: str | None, limit: int
    ) -> LocalExecutionPage:
        return await self.local_executions.page(domain_id, node_id, after or "", limit)
