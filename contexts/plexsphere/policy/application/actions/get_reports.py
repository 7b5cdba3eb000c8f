"""Use case: read what the nodes of an execution reported."""

from collections.abc import Mapping
from dataclasses import dataclass

from plexsphere.platform.kernel.ids import NodeId
from plexsphere.policy.domain.actions.execution import Execution
from plexsphere.policy.domain.actions.report import Report
from plexsphere.policy.ports.actions.executions import Executions


@dataclass(frozen=True, slots=True)
class GetReports:
    """Return the reports that ended targets, with their outputs of up to 128 KiB each; for executions of a few."""

    executions: Executions

    async def __call__(self, execution: Execution) -> Mapping[NodeId, Report]:
        return await self.executions.reports(execution.domain_id, execution.id)
