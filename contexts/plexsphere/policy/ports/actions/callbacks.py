"""What nodes tell of their targets."""

from dataclasses import dataclass
from typing import Protocol

from plexsphere.platform.kernel.ids import DomainId, ExecutionId, NodeId, ProjectId
from plexsphere.policy.domain.actions.report import Report
from plexsphere.policy.domain.actions.status import TargetStatus


@dataclass(frozen=True, slots=True)
class Heard:
    """
    A target after its node was heard; `moved` tells whether that changed its status.

    A repeat moves nothing. `is_wanted`: it was taken up, and neither ended nor is overdue. `was_offer`: it moved, and
    the node had still to be told until then.
    """

    project_id: ProjectId
    status: TargetStatus
    moved: bool
    is_wanted: bool = False
    was_offer: bool = False


class Callbacks(Protocol):
    """
    Moves targets, each by one conditional write: what ended stays as it ended (hardening C28, M29).

    Every method returns None for what is no target of the node. Time is the database's.
    """

    async def take_up(
        self, domain_id: DomainId, node_id: NodeId, execution_id: ExecutionId, /
    ) -> Heard | None:
        """Let the node run it, and renew its deadline, once; not when it ended or was to be taken up before now."""
        ...

    async def reject(
        self, domain_id: DomainId, node_id: NodeId, execution_id: ExecutionId, reason: str, /
    ) -> Heard | None:
        """End it as failed, unless it was taken up or ended."""
        ...

    async def finish(
        self, domain_id: DomainId, node_id: NodeId, execution_id: ExecutionId, report: Report, /
    ) -> Heard | None:
        """
        End it as reported; past its deadline as a timeout, with the report as its note.

        Of what ended before, or no wave released yet, the first report that says something else is kept as its note.
        """
        ...
