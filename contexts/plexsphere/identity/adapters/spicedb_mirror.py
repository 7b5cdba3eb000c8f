"""The mirror of the tuples in SpiceDB."""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from typing import Final
from uuid import uuid4

from authzed.api.v1 import (
    Cursor,
    ObjectReference,
    Precondition,
    ReadRelationshipsRequest,
    ReadRelationshipsResponse,
    ReadSchemaRequest,
    Relationship,
    RelationshipFilter,
    RelationshipUpdate,
    SubjectFilter,
    SubjectReference,
    WriteRelationshipsRequest,
    WriteSchemaRequest,
)

from plexsphere.identity.adapters.spicedb_checks import check_all, check_item
from plexsphere.identity.adapters.spicedb_client import (
    FULLY_CONSISTENT,
    SpiceDbClient,
    object_reference,
    says_not_found,
    spoken_type,
    zed_type,
)
from plexsphere.identity.domain.authorization_errors import AuthzUnavailable
from plexsphere.identity.domain.relation_tuple import Triple
from plexsphere.identity.domain.schema import SchemaRefused
from plexsphere.identity.domain.schema_text import parse_schema
from plexsphere.identity.domain.tuple_change import Operation, TupleChange
from plexsphere.identity.ports.authz_mirror import Fence
from plexsphere.platform.kernel.subjects import PLATFORM, Reference

PAGE: Final = 500

# The mirror's own, beside the schema that decides permissions; no tuple of ours can name these types.
_FENCE_TYPE: Final = "mirror"
_FENCE_RELATION: Final = "stands_at"
_MARK_TYPE: Final = "mirror_mark"
_FENCE_SCHEMA: Final = f"""
definition {_MARK_TYPE} {{}}

definition {_FENCE_TYPE} {{
    relation {_FENCE_RELATION}: {_MARK_TYPE}
}}
"""

_OPERATIONS: Final = {
    Operation.TOUCH: RelationshipUpdate.OPERATION_TOUCH,
    Operation.DELETE: RelationshipUpdate.OPERATION_DELETE,
}


class SpiceDbMirror:
    """See `AuthzMirror`. Every write swaps the fence under a precondition, in one transaction of the engine."""

    def __init__(self, client: SpiceDbClient, schema_text: str) -> None:
        self._client = client
        self._schema_text = schema_text + _FENCE_SCHEMA

    async def prepare(self) -> None:
        """Write the schema, unless the engine's says the same."""
        if not _says_the_same(await self._held_schema(), self._schema_text):
            request = WriteSchemaRequest(schema=self._schema_text)
            await self._client.call(lambda stubs: stubs.WriteSchema, request)

    async def fence(self) -> Fence:
        """Return the mark of the last write."""
        request = ReadRelationshipsRequest(consistency=FULLY_CONSISTENT, relationship_filter=_fence_filter())
        marks = [answer.relationship.subject.object.object_id async for answer in self._read(request)]
        if len(marks) > 1:
            raise AuthzUnavailable
        return Fence(marks[0] if marks else "")

    async def apply(self, changes: Sequence[TupleChange], fence: Fence, /) -> Fence:
        """Write the changes and the next mark, if the last one is still this fence's."""
        mark = str(uuid4())
        updates = [_fence_update(Operation.TOUCH, mark), *[_update(change) for change in changes]]
        if fence.mark:
            updates.append(_fence_update(Operation.DELETE, fence.mark))
        request = WriteRelationshipsRequest(updates=updates, optional_preconditions=[_unmoved(fence)])
        response = await self._client.call(lambda stubs: stubs.WriteRelationships, request)
        if not response.written_at.token:
            raise AuthzUnavailable
        return Fence(mark, response.written_at.token)

    async def holding(self, triples: Sequence[Triple], /) -> set[Triple]:
        """Return those of the triples that the engine holds: a relation follows from itself alone."""
        items = [check_item(triple.subject, triple.relation, triple.object) for triple in triples]
        answers = await check_all(self._client, items)
        if None in answers:
            raise AuthzUnavailable
        return {triple for triple, answer in zip(triples, answers, strict=True) if answer}

    async def pages(self, object_types: Sequence[str], /) -> AsyncIterator[Sequence[Triple]]:
        """Yield everything the engine holds on objects of these types."""
        for kind in object_types:
            cursor: Cursor | None = None
            while page := await self._page(kind, cursor):
                yield [_triple(answer.relationship) for answer in page]
                cursor = page[-1].after_result_cursor

    async def _page(self, kind: str, cursor: Cursor | None) -> list[ReadRelationshipsResponse]:
        request = ReadRelationshipsRequest(
            consistency=FULLY_CONSISTENT,
            relationship_filter=RelationshipFilter(resource_type=zed_type(kind)),
            optional_limit=PAGE,
            optional_cursor=cursor,
        )
        return [answer async for answer in self._read(request)]

    def _read(self, request: ReadRelationshipsRequest) -> AsyncGenerator[ReadRelationshipsResponse]:
        return self._client.stream(lambda stubs: stubs.ReadRelationships, request)

    async def _held_schema(self) -> str:
        try:
            held = await self._client.call(lambda stubs: stubs.ReadSchema, ReadSchemaRequest())
        except AuthzUnavailable as error:
            if not says_not_found(error):
                raise
            return ""
        return str(held.schema_text)


def _says_the_same(held: str, wanted: str) -> bool:
    try:
        return parse_schema(held) == parse_schema(wanted)
    except SchemaRefused:
        return False


def _update(change: TupleChange) -> RelationshipUpdate:
    triple = change.triple
    return RelationshipUpdate(
        operation=_OPERATIONS[change.operation],
        relationship=Relationship(
            resource=object_reference(triple.object),
            relation=triple.relation,
            subject=SubjectReference(object=object_reference(triple.subject)),
        ),
    )


def _fence_update(operation: Operation, mark: str) -> RelationshipUpdate:
    return RelationshipUpdate(
        operation=_OPERATIONS[operation],
        relationship=Relationship(
            resource=ObjectReference(object_type=_FENCE_TYPE, object_id=PLATFORM),
            relation=_FENCE_RELATION,
            subject=SubjectReference(object=ObjectReference(object_type=_MARK_TYPE, object_id=mark)),
        ),
    )


def _unmoved(fence: Fence) -> Precondition:
    if not fence.mark:
        return Precondition(operation=Precondition.OPERATION_MUST_NOT_MATCH, filter=_fence_filter())
    subject = SubjectFilter(subject_type=_MARK_TYPE, optional_subject_id=fence.mark)
    return Precondition(operation=Precondition.OPERATION_MUST_MATCH, filter=_fence_filter(subject))


def _fence_filter(subject: SubjectFilter | None = None) -> RelationshipFilter:
    return RelationshipFilter(
        resource_type=_FENCE_TYPE,
        optional_resource_id=PLATFORM,
        optional_relation=_FENCE_RELATION,
        optional_subject_filter=subject,
    )


def _triple(relationship: Relationship) -> Triple:
    subject, resource = relationship.subject.object, relationship.resource
    try:
        return Triple(
            Reference(spoken_type(subject.object_type), subject.object_id),
            relationship.relation,
            Reference(spoken_type(resource.object_type), resource.object_id),
        )
    except ValueError as error:
        raise AuthzUnavailable from error
