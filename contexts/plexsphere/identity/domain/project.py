"""A Project: the part of a Domain whose nodes may see each other."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from plexsphere.identity.domain.errors import EmptyPatch, InvalidProject, SlugImmutable
from plexsphere.identity.domain.naming import is_prose, is_slug, is_title
from plexsphere.platform.kernel.ids import DomainId, ProjectId

NAME_MAX: Final = 255
DESCRIPTION_MAX: Final = 1024


@dataclass(frozen=True, slots=True)
class Project:
    """
    A Project of one Domain.

    Raises:
        InvalidProject: a field breaks its rule.
    """

    domain_id: DomainId
    id: ProjectId
    slug: str
    name: str
    created_at: datetime
    updated_at: datetime
    description: str = ""

    def __post_init__(self) -> None:
        for name, holds in [
            ("slug", is_slug(self.slug)),
            ("name", is_title(self.name, NAME_MAX)),
            ("description", is_prose(self.description, DESCRIPTION_MAX)),
        ]:
            if not holds:
                raise InvalidProject(name)


@dataclass(frozen=True, slots=True)
class ProjectDraft:
    """What a new Project shall be."""

    domain_id: DomainId
    slug: str
    name: str
    description: str = ""

    def drawn(self, project_id: ProjectId, at: datetime) -> Project:
        """
        Return the Project.

        Raises:
            InvalidProject: a field breaks its rule.
        """
        return Project(self.domain_id, project_id, self.slug, self.name, at, at, self.description)


@dataclass(frozen=True, slots=True)
class ProjectChanges:
    """What a patch names; None leaves a field alone."""

    slug: str | None = None
    name: str | None = None
    description: str | None = None

    def applied_to(self, project: Project, at: datetime) -> Project:
        """
        Return the Project as it shall be.

        Raises:
            InvalidProject: a field breaks its rule.
        """
        return replace(
            project,
            name=project.name if self.name is None else self.name,
            description=project.description if self.description is None else self.description,
            updated_at=at,
        )

    def require_some(self) -> None:
        """
        Refuse what no patch may be.

        Raises:
            SlugImmutable: it names the slug.
            EmptyPatch: it names nothing.
        """
        if self.slug is not None:
            raise SlugImmutable
        if self == ProjectChanges():
            raise EmptyPatch
