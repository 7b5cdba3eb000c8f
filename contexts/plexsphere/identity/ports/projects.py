"""Storage of Projects."""

from typing import Protocol

from plexsphere.identity.domain.page import Page
from plexsphere.identity.domain.project import Project
from plexsphere.platform.kernel.ids import DomainId, ProjectId


class Projects(Protocol):
    """The collection of Projects."""

    async def add(self, project: Project) -> None:
        """
        Keep a new Project.

        Raises:
            ProjectSlugConflict: its slug is taken in its Domain.
            ParentDomainMissing: its Domain does not exist.
        """
        ...

    async def get(self, project_id: ProjectId) -> Project | None:
        """Return the Project, or None."""
        ...

    async def claim(self, project_id: ProjectId) -> Project | None:
        """
        Return the Project, or None.

        Until the unit of work ends nobody else can change it, issue a bootstrap token for it or redeem one.
        """
        ...

    async def page(
        self, domain_id: DomainId | None, after: tuple[str, ProjectId] | None, limit: int
    ) -> Page[Project]:
        """Return up to `limit` Projects, of one Domain or of all, in the order of slug and id."""
        ...

    async def put(self, project: Project) -> None:
        """Keep the Project as it now is; its slug stays."""
        ...

    async def remove(self, project: Project) -> None:
        """Forget a Project and its bootstrap tokens."""
        ...
