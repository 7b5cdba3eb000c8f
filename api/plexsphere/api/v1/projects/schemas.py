"""Bodies of the surface."""

from datetime import datetime
from typing import Annotated, Final, Self
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from plexsphere.api.body import BodyRule
from plexsphere.api.gate import path_id
from plexsphere.api.v1.projects import problems
from plexsphere.api.v1.projects.wiring import NewProject, ProjectChange, ProjectView

# Documented here, enforced by the domain, whose refusals have names of their own.
Name = Annotated[str, Meta(extra_json_schema={"minLength": 1, "maxLength": 255})]
Slug = Annotated[str, Meta(extra_json_schema={"pattern": "^[a-z0-9]+(-[a-z0-9]+)*$", "maxLength": 64})]
Description = Annotated[str, Meta(extra_json_schema={"maxLength": 1024})]
IdText = Annotated[str, Meta(extra_json_schema={"format": "uuid"})]


class ProjectCreate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A new Project."""

    domain_id: IdText
    name: Name
    slug: Slug
    description: Description = ""

    def wish(self) -> NewProject:
        """
        Return the Project as wished.

        Raises:
            Refusal: `invalid_body`, when the Domain's id is none.
        """
        domain_id = path_id(self.domain_id, problems.INVALID_BODY)
        return NewProject(domain_id, self.name, self.slug, self.description)


class ProjectPatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What changes; a null `description` empties it."""

    slug: str | UnsetType = UNSET
    name: Name | UnsetType = UNSET
    description: Description | UnsetType | None = UNSET

    def change(self) -> ProjectChange:
        """Return what the patch names."""
        return ProjectChange(
            slug=None if self.slug is UNSET else self.slug,
            name=None if self.name is UNSET else self.name,
            description=None if self.description is UNSET else self.description or "",
        )


class Project(msgspec.Struct, frozen=True, omit_defaults=True):
    """A Project."""

    id: UUID
    domain_id: UUID
    name: str
    slug: str
    created_at: datetime
    updated_at: datetime
    description: str = ""

    @classmethod
    def of(cls, view: ProjectView) -> Self:
        """Show the Project."""
        return cls(
            id=view.id,
            domain_id=view.domain_id,
            name=view.name,
            slug=view.slug,
            created_at=view.created_at,
            updated_at=view.updated_at,
            description=view.description,
        )


class ProjectList(msgspec.Struct, frozen=True, omit_defaults=True):
    """A page; `empty_reason` says that there were rows, none of which the caller may see."""

    items: list[Project]
    next_cursor: str | None = None
    empty_reason: str | None = None


CREATE: Final = BodyRule(msgspec.json.Decoder(ProjectCreate))
PATCH: Final = BodyRule(msgspec.json.Decoder(ProjectPatch))
