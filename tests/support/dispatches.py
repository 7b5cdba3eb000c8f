"""Actions dispatched to nodes of a control plane in this process, and what became of them."""

from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from plexsphere.platform.kernel.ids import ExecutionId, NodeId, ProjectId
from plexsphere.platform.kernel.subjects import Reference
from plexsphere.policy.application.actions.dispatch_draft import DispatchDraft
from plexsphere.policy.domain.actions.execution import Target
from tests.support.control_plane import Served
from tests.support.machines import RawNode

ACTION: Final = "diagnostics.collect"
MANIFEST: Final = b"""{
    "builtin_actions": [{"name": "diagnostics.collect", "parameters": [{"name": "number", "type": "int"}]}],
    "hooks": []
}"""
AUTHOR: Final = Reference("user", "0190f3a0-0000-7000-8000-00000000000a")


async def announce(node: RawNode) -> None:
    """Let the node announce the action."""
    answer = await node.call("PUT", "capabilities", MANIFEST)
    assert answer.status == 200, answer.body


@dataclass(frozen=True)
class Dispatches:
    """Dispatches the action, as the operation does once everything is checked."""

    place: Served
    parameters: dict[str, Any] = field(default_factory=dict)

    async def to(self, node: RawNode) -> str:
        """Dispatch the action to one node and return the execution's id."""
        draft = DispatchDraft(
            ProjectId(UUID(self.place.project_id)),
            ACTION,
            AUTHOR,
            parameters=self.parameters,
            node_id=NodeId(UUID(node.id)),
        )
        dispatched = await self.place.root.actions().dispatch_action(draft)
        return str(dispatched.execution.id)

    async def target(self, execution_id: str, node: RawNode) -> Target:
        """Return how far the node is with the execution."""
        asked = ProjectId(UUID(self.place.project_id)), ExecutionId(UUID(execution_id))
        target: Target = await self.place.root.actions().get_target(*asked, NodeId(UUID(node.id)))
        return target
