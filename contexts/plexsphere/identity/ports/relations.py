"""The relations that tenancy itself writes, and those that keep a Project (design D12)."""

from typing import Protocol

from plexsphere.platform.kernel.ids import ProjectId
from plexsphere.platform.kernel.subjects import Reference


class Relations(Protocol):
    """Structural relations; each call joins the open unit of work."""

    async def relate(self, subject: Reference, relation: str, target: Reference, /) -> None:
        """Let `target#relation@subject` hold."""
        ...

    async def unrelate_object(self, target: Reference, /) -> None:
        """Let no relation on the target hold any more."""
        ...

    async def claim_listed(self, project_id: ProjectId, /) -> int:
        """
        Return how many relations on other objects are listed under the Project.

        Until the unit of work ends none is added, and none that is listed there changes its object.
        """
        ...
