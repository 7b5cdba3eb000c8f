"""The Projects that policies belong to, as identity knows them."""

from typing import Protocol

from plexsphere.platform.kernel.ids import DomainId, ProjectId


class Projects(Protocol):
    """Tells whether a Project exists, and where."""

    async def domain_of(self, project_id: ProjectId, /) -> DomainId | None:
        """Return the Domain of the Project, or None when there is no such Project."""
        ...
