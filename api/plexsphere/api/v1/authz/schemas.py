"""Bodies of the surface."""

from datetime import datetime
from typing import Annotated, Any, Final, Literal, Self
from uuid import UUID

import msgspec
from msgspec import Meta

from plexsphere.api.body import BodyRule
from plexsphere.api.callers import Verdict
from plexsphere.api.problem import Refusal
from plexsphere.api.v1.authz import problems
from plexsphere.api.v1.authz.wiring import Triple, TupleView
from plexsphere.platform.kernel.correlation import CORRELATION_ID

Text = Annotated[str, Meta(min_length=1, max_length=256)]
Reason = Literal["out_of_scope", "insufficient_relation", "caveat_violation", "unknown"]
CaveatContext = Annotated[
    dict[str, Any], Meta(description="Without effect: the schema has no caveats.", extra_json_schema={})
]


class CheckRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """May the subject do this to the resource?"""

    subject: Text
    relation: Text
    resource: Text
    caveat_context: CaveatContext | None = None

    def triple(self) -> Triple:
        """Return the question."""
        return Triple(self.subject, self.relation, self.resource)


class CheckAnswer(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the subject may; a refusal says why, and which relations would have decided otherwise."""

    decision: Literal["allowed", "denied"]
    correlation_id: str
    relation_path: list[str]
    reason: Reason | None = None

    @classmethod
    def of(cls, verdict: Verdict) -> Self:
        """Show the verdict."""
        return cls(
            decision="allowed" if verdict.allowed else "denied",
            correlation_id=CORRELATION_ID.get(),
            relation_path=list(verdict.relation_path),
            reason=None if verdict.allowed else msgspec.convert(verdict.reason, Reason),
        )


class LookupResourcesRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """On which resources of a type does the subject have the permission?"""

    subject: Text
    relation: Text
    resource_type: Text
    caveat_context: CaveatContext | None = None


class LookupSubjectsRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which subjects of a type have the permission on the resource?"""

    resource: Text
    relation: Text
    subject_type: Text
    caveat_context: CaveatContext | None = None


class LookupAnswer(msgspec.Struct, frozen=True):
    """`type:id` texts."""

    items: list[str]
    correlation_id: str


class RelationTupleBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A relation; a caveat is refused, for the schema has none."""

    subject: Text
    relation: Text
    resource: Text
    caveat_name: str | None = None
    caveat_context: dict[str, Any] | None = None

    def triple(self) -> Triple:
        """
        Return the relation.

        Raises:
            Refusal: `invalid_relation_tuple`, when it comes with a caveat, which would be lost.
        """
        if self.caveat_name or self.caveat_context:
            raise Refusal(problems.INVALID_RELATION_TUPLE, "the schema has no caveats")
        return Triple(self.subject, self.relation, self.resource)


class RelationTuple(msgspec.Struct, frozen=True):
    """A stored relation."""

    id: UUID
    subject: str
    relation: str
    resource: str
    created_at: datetime

    @classmethod
    def of(cls, view: TupleView) -> Self:
        """Show the tuple."""
        triple = view.triple
        return cls(view.id, triple.subject, triple.relation, triple.resource, view.created_at)


class RelationTupleList(msgspec.Struct, frozen=True, omit_defaults=True):
    """A page."""

    items: list[RelationTuple]
    next_cursor: str | None = None


CHECK: Final = BodyRule(msgspec.json.Decoder(CheckRequest))
LOOKUP_RESOURCES: Final = BodyRule(msgspec.json.Decoder(LookupResourcesRequest))
LOOKUP_SUBJECTS: Final = BodyRule(msgspec.json.Decoder(LookupSubjectsRequest))
TUPLE: Final = BodyRule(msgspec.json.Decoder(RelationTupleBody))
