"""One subject's question about one or several objects, and how answers become decisions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Self

from plexsphere.identity.domain.decision import Decision, Reason
from plexsphere.identity.domain.schema import READ, Schema
from plexsphere.platform.kernel.subjects import Reference

MOST_RESOURCES: Final = 1_000


@dataclass(frozen=True, slots=True)
class Question:
    """Does the subject have the permission on the object?"""

    permission: str
    resource: Reference


@dataclass(frozen=True, slots=True)
class Inquiry:
    """
    What an authorizer must answer for a check.

    Every object is asked for the permission and, where that is another one, for `read`: whoever reads an object and
    may not do more is told so, everybody else is out of scope.
    """

    schema: Schema
    subject: Reference
    permission: str
    resources: tuple[Reference, ...]

    @classmethod
    def about(
        cls, schema: Schema, subject: Reference, permission: str, resources: Sequence[Reference]
    ) -> Self:
        """
        Return an inquiry that means something in the schema.

        Raises:
            UnknownObjectType, UnknownPermission: it does not.
            ValueError: more than `MOST_RESOURCES` objects.
        """
        if len(resources) > MOST_RESOURCES:
            raise ValueError("more objects than one check takes")
        schema.require_type(subject.type)
        for kind in {resource.type for resource in resources}:
            schema.require_known(kind, permission)
        return cls(schema, subject, permission, tuple(resources))

    @property
    def questions(self) -> tuple[Question, ...]:
        """Every question once, in a stable order."""
        asked = [Question(self.permission, resource) for resource in self.resources]
        reads = [Question(READ, resource) for resource in self.resources if self._tells_apart(resource)]
        return tuple(dict.fromkeys([*asked, *reads]))

    def decisions(self, answers: Mapping[Question, bool]) -> list[Decision]:
        """Return one decision an object, in order; a question without an answer is refused as unknown (H49)."""
        return [self._decision(resource, answers) for resource in self.resources]

    def _decision(self, resource: Reference, answers: Mapping[Question, bool]) -> Decision:
        path = self.schema.relation_path(resource.type, self.permission)
        answer = answers.get(Question(self.permission, resource))
        if answer is True:
            return Decision(True, None, path)
        if answer is None:
            return Decision(False, Reason.UNKNOWN, path)
        reads = self._tells_apart(resource) and answers.get(Question(READ, resource)) is True
        return Decision(False, Reason.INSUFFICIENT_RELATION if reads else Reason.OUT_OF_SCOPE, path)

    def _tells_apart(self, resource: Reference) -> bool:
        return self.permission != READ and self.schema.can_be_read(resource.type)
