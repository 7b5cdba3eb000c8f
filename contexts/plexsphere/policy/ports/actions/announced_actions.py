"""What nodes announced that they can do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from plexsphere.platform.kernel.ids import DomainId, NodeId
from plexsphere.policy.domain.actions.definition import ActionDefinition, ActionType


@dataclass(frozen=True, slots=True)
class Announced:
    """
    A definition, and whether the hook drifted.

    It did where a violation of it is open (design D30), and where it is declared as an object in the cluster while
    another image was discovered there (plexd.md, Hook Checksums & Integrity).
    """

    definition: ActionDefinition
    is_drifted: bool = False


class AnnouncedActions(Protocol):
    """The newest announcements, one for each node, type and name."""

    async def of(
        self, domain_id: DomainId, action_type: ActionType, name: str, nodes: Sequence[NodeId], /
    ) -> Mapping[NodeId, Announced]:
        """Return the definition of each of the nodes that announced the action; the others are left out."""
        ...
