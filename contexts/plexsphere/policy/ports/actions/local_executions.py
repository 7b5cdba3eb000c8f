"""What nodes ran without being told to."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from plexsphere.platform.kernel.ids import DomainId, NodeId
from plexsphere.policy.domain.actions.report import Report


@dataclass(frozen=True, slots=True)
class LocalExecution:
    """A result that nobody dispatched; `note` is the first later one under the same id that says something else."""

    node_id: NodeId
    id: str
    report: Report
    note: Report | None
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class LocalExecutionPage:
    """Local executions of a node in the order of their ids; `is_last` when none follow."""

    executions: tuple[LocalExecution, ...]
    is_last: bool


class LocalExecutions(Protocol):
    """Local executions, kept per node and id: another node's are never seen."""

    async def record(
        self, domain_id: DomainId, node_id: NodeId, execution_id: str, report: Report, /
    ) -> None:
        """
        Keep the result, or note it where it differs from the one that is kept.

        Of each node the newest 1,000 are kept.
        """
        ...

    async def page(
        self, domain_id: DomainId, node_id: NodeId, after: str, limit: int, /
    ) -> LocalExecutionPage:
        """Return up to `limit` of the node's, from behind `after`."""
        ...

    async def forget(self, older_than: timedelta, most: int, /) -> int:
        """Forget what was recorded longer ago; return how many."""
        ...
