"""A grant: who stands in which relation to what."""

from dataclasses import dataclass
from datetime import datetime
from typing import NewType, Self
from uuid import UUID

from plexsphere.identity.domain.authorization_errors import InvalidRelationTuple
from plexsphere.platform.kernel.ids import ProjectId
from plexsphere.platform.kernel.subjects import Reference

TupleId = NewType("TupleId", UUID)


@dataclass(frozen=True, slots=True, order=True)
class Triple:
    """Subject, relation and object: all that decides what is allowed."""

    subject: Reference
    relation: str
    object: Reference

    @classmethod
    def parse(cls, subject: str, relation: str, resource: str) -> Self:
        """
        Read the three texts of a request; whether the schema knows them is another question.

        Raises:
            InvalidRelationTuple: a reference is not `type:id`.
        """
        try:
            return cls(Reference.parse(subject), relation, Reference.parse(resource))
        except ValueError as error:
            raise InvalidRelationTuple from error


@dataclass(frozen=True, slots=True)
class RelationTuple:
    """
    A stored triple.

    `project_id` is the project whose list shows it; None for what the control plane itself wrote.
    """

    id: TupleId
    project_id: ProjectId | None
    triple: Triple
    created_at: datetime
