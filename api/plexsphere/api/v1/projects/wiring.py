"""What this surface needs from outside, in its own words."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from plexsphere.api.callers import Permitted
from plexsphere.api.paging import Page, PageRequest


@dataclass(frozen=True, slots=True)
class NewProject:
    """A Project as wished."""

    domain_id: UUID
    name: str
    slug: str
    description: str = ""


@dataclass(frozen=True, slots=True)
class ProjectChange:
    """What a patch names; None leaves a field alone."""

    slug: str | None = None
    name: str | None = None
    description: str | None = None


@dataclass(frozen=True, slots=True)
class ProjectView:
    """A Project."""

    id: UUID
    domain_id: UUID
    name: str
    slug: str
    description: str
    created_at: datetime
    updated_at: datetime


class Projects(Protocol):
    """The application behind the surface; every mutation writes its audit row, or does not happen."""

    async def create(self, permitted: Permitted, wish: NewProject, /) -> ProjectView:
        """
        Make a Project.

        Raises:
            Refusal: invalid_project, project_slug_conflict, parent_domain_missing.
        """
        ...

    async def page(self, wanted: PageRequest, domain_id: UUID | None, /) -> Page[ProjectView]:
        """Return a page of all Projects, or of one Domain's, by slug."""
        ...

    async def get(self, permitted: Permitted, project_id: UUID, /) -> ProjectView:
        """
        Return one.

        Raises:
            Refusal: project_not_found.
        """
        ...

    async def change(self, permitted: Permitted, project_id: UUID, change: ProjectChange, /) -> ProjectView:
        """
        Change what the patch names.

        Raises:
            Refusal: slug_immutable, empty_patch, invalid_project, project_not_found.
        """
        ...

    async def remove(self, permitted: Permitted, project_id: UUID, /) -> None:
        """
        Remove an empty Project.

        Raises:
            Refusal: project_not_found, project_not_empty with `project_child_counts`.
        """
        ...
