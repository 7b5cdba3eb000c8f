"""Fakes and words for authorization: tuples in memory, and an authorizer that walks them step by step."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Coroutine, Iterable, Sequence
from contextlib import asynccontextmanager
from contextvars import Context
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count
from typing import Any, Final, TypeVar
from uuid import UUID

from plexsphere.identity.adapters.zed_schema import read_schema_text
from plexsphere.identity.domain.authorization_errors import (
    AuthzUnavailable,
    InvalidRelationTuple,
    RelationTupleNotFound,
)
from plexsphere.identity.domain.decision import Decision
from plexsphere.identity.domain.inquiry import Inquiry
from plexsphere.identity.domain.relation_tuple import RelationTuple, Triple, TupleId
from plexsphere.identity.domain.schema import Schema
from plexsphere.identity.domain.schema_text import parse_schema
from plexsphere.identity.domain.tuple_change import Operation, OutboxRow, TupleChange
from plexsphere.identity.ports.authz_mirror import Fence
from plexsphere.identity.ports.authz_outbox import Standing
from plexsphere.platform.db.database import Database
from plexsphere.platform.db.pool import build_pool
from plexsphere.platform.kernel.ids import DomainId, ProjectId
from plexsphere.platform.kernel.secret import Secret
from plexsphere.platform.kernel.subjects import PLATFORM_OBJECT, Reference, project_object

T = TypeVar("T")

NOW: Final = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)


def shipped_schema() -> Schema:
    """Read the schema that ships."""
    return parse_schema(read_schema_text())


def numbered(kind: str, number: int) -> Reference:
    """Return the same reference for the same number."""
    return Reference(kind, str(UUID(int=number)))


def user(number: int) -> Reference:
    return numbered("user", number)


def domain(number: int) -> Reference:
    return numbered("domain", number)


def project(number: int) -> Reference:
    return numbered("project", number)


def project_id(reference: Reference) -> ProjectId:
    return ProjectId(UUID(reference.id))


def domain_stands(number: int) -> Triple:
    """Return what makes a Domain part of the platform."""
    return Triple(PLATFORM_OBJECT, "platform", domain(number))


def project_stands(number: int, in_domain: int) -> Triple:
    """Return what makes a Project part of its Domain."""
    return Triple(domain(in_domain), "domain", project(number))


def stored(number: int, triple: Triple, listed: ProjectId | None = None) -> RelationTuple:
    return RelationTuple(TupleId(UUID(int=number)), listed, triple, NOW)


class MemoryRelationTuples:
    """The tuples as a dictionary, and the changes that a mirror would be told."""

    def __init__(self, schema: Schema, triples: Iterable[Triple] = ()) -> None:
        self._schema = schema
        self._numbers = count(1_000_000)
        self.kept: dict[TupleId, RelationTuple] = {}
        self.changes: list[TupleChange] = []
        for triple in triples:
            self._keep(stored(next(self._numbers), triple))

    async def add(self, relation_tuple: RelationTuple, /) -> RelationTuple:
        self._schema.require_storable(relation_tuple.triple)
        return self._holding(relation_tuple.triple) or self._keep(relation_tuple)

    async def replace(self, before: RelationTuple, triple: Triple, /) -> RelationTuple:
        self._schema.require_storable(triple)
        self._require_unchanged(before)
        holder = self._holding(triple)
        if holder is not None and holder.id != before.id:
            raise InvalidRelationTuple
        self._drop(before)
        return self._keep(replace(before, triple=triple))

    async def remove(self, before: RelationTuple, /) -> None:
        self._require_unchanged(before)
        self._drop(before)

    async def get(self, tuple_id: TupleId, /) -> RelationTuple | None:
        return self.kept.get(tuple_id)

    async def page(
        self, project_id: ProjectId, after: TupleId | None, limit: int, /
    ) -> Sequence[RelationTuple]:
        rows = [row for row in self._sorted(after) if row.project_id == project_id]
        return rows[:limit]

    async def home_of(self, project_id: ProjectId, /) -> DomainId | None:
        for triple in self.all():
            if triple.object == project_object(project_id) and triple.relation == "domain":
                return DomainId(UUID(triple.subject.id))
        return None

    async def hold_project(self, project_id: ProjectId, /) -> bool:
        return await self.home_of(project_id) is not None

    async def claim_listed(self, project_id: ProjectId, /) -> int:
        listed = [row for row in self.kept.values() if row.project_id == project_id]
        return sum(row.triple.object != project_object(project_id) for row in listed)

    async def triples(self, after: TupleId | None, limit: int, /) -> Sequence[tuple[TupleId, Triple]]:
        return [(row.id, row.triple) for row in self._sorted(after)[:limit]]

    async def holding(self, triples: Sequence[Triple], /) -> set[Triple]:
        return set(triples) & self.all()

    async def relate(self, subject: Reference, relation: str, target: Reference, /) -> None:
        await self.add(stored(next(self._numbers), Triple(subject, relation, target)))

    async def unrelate_object(self, target: Reference, /) -> None:
        for row in list(self.kept.values()):
            if target in {row.triple.object, row.triple.subject}:
                self._drop(row)

    def all(self) -> set[Triple]:
        return {row.triple for row in self.kept.values()}

    def _sorted(self, after: TupleId | None) -> list[RelationTuple]:
        rows = sorted(self.kept.values(), key=lambda row: row.id)
        return [row for row in rows if after is None or row.id > after]

    def _holding(self, triple: Triple) -> RelationTuple | None:
        return next((row for row in self.kept.values() if row.triple == triple), None)

    def _require_unchanged(self, before: RelationTuple) -> None:
        if self.kept.get(before.id) != before:
            raise RelationTupleNotFound(before.id)

    def _keep(self, row: RelationTuple) -> RelationTuple:
        self.kept[row.id] = row
        self.changes.append(TupleChange(Operation.TOUCH, row.triple))
        return row

    def _drop(self, row: RelationTuple) -> None:
        del self.kept[row.id]
        self.changes.append(TupleChange(Operation.DELETE, row.triple))


class MemoryAuthorizer:
    """Walks the tuples one relation at a time; knows the rules of the schema and no SQL."""

    def __init__(self, schema: Schema, tuples: MemoryRelationTuples) -> None:
        self._schema = schema
        self._tuples = tuples

    async def check(self, subject: Reference, permission: str, resource: Reference, /) -> Decision:
        [decision] = await self.check_many(subject, permission, [resource])
        return decision

    async def check_many(
        self, subject: Reference, permission: str, resources: Sequence[Reference], /
    ) -> list[Decision]:
        inquiry = Inquiry.about(self._schema, subject, permission, resources)
        return inquiry.decisions(
            {asked: self._has(subject, asked.permission, asked.resource) for asked in inquiry.questions}
        )

    async def lookup_resources(
        self, subject: Reference, permission: str, resource_type: str, limit: int, /
    ) -> list[Reference]:
        self._schema.require_type(subject.type)
        self._schema.require_known(resource_type, permission)
        objects = {triple.object for triple in self._tuples.all() if triple.object.type == resource_type}
        return [one for one in sorted(objects) if self._has(subject, permission, one)][:limit]

    async def lookup_subjects(
        self, resource: Reference, permission: str, subject_type: str, limit: int, /
    ) -> list[Reference]:
        self._schema.require_type(subject_type)
        self._schema.require_known(resource.type, permission)
        subjects = {triple.subject for triple in self._tuples.all() if triple.subject.type == subject_type}
        return [one for one in sorted(subjects) if self._has(one, permission, resource)][:limit]

    def _has(self, subject: Reference, permission: str, resource: Reference) -> bool:
        rules = self._schema.rules(resource.type, permission)
        here = [
            grant for grant in rules.grants if (grant.type, grant.permission) == (resource.type, permission)
        ]
        if any(Triple(subject, grant.relation, resource) in self._tuples.all() for grant in here):
            return True
        return any(
            self._has(subject, passage.via_permission, triple.subject)
            for passage in rules.passages
            if (passage.type, passage.permission) == (resource.type, permission)
            for triple in self._tuples.all()
            if (triple.object, triple.relation) == (resource, passage.relation)
            and triple.subject.type == passage.via_type
        )


class MemoryAuthzOutbox:
    """Waiting rows in a list."""

    def __init__(self, *, in_step: bool = True) -> None:
        self.in_step = in_step
        self.rows: list[OutboxRow] = []
        self.is_taken = False
        self._numbers = count(1)

    def append(self, operation: Operation, triple: Triple) -> None:
        self.rows.append(OutboxRow(next(self._numbers), TupleChange(operation, triple)))

    async def standing(self) -> Standing:
        return Standing(self.in_step, max((row.id for row in self.rows), default=None))

    async def is_mirrored(self, newest: int, /) -> bool:
        return all(row.id > newest for row in self.rows)

    async def take_turn(self) -> bool:
        return not self.is_taken

    async def await_turn(self) -> None: ...

    async def oldest(self, limit: int, /) -> Sequence[OutboxRow]:
        return self.rows[:limit]

    async def forget(self, rows: Sequence[OutboxRow], zed_token: str, /) -> None:
        self.rows = [row for row in self.rows if row not in rows]

    async def mark_in_step(self, zed_token: str, /) -> None:
        self.in_step = True


class MemoryMirror:
    """An engine in memory, that can be away."""

    def __init__(self) -> None:
        self.held: set[Triple] = set()
        self.mark = 0
        self.is_away = False
        self.is_prepared = False

    async def prepare(self) -> None:
        self._require_there()
        self.is_prepared = True

    async def fence(self) -> Fence:
        self._require_there()
        return Fence(self._mark())

    async def apply(self, changes: Sequence[TupleChange], fence: Fence, /) -> Fence:
        self._require_there()
        if fence.mark != self._mark():
            raise AuthzUnavailable
        for change in changes:
            if change.operation is Operation.TOUCH:
                self.held.add(change.triple)
            else:
                self.held.discard(change.triple)
        self.mark += 1
        return Fence(self._mark(), f"at {self.mark}")

    async def holding(self, triples: Sequence[Triple], /) -> set[Triple]:
        self._require_there()
        return self.held & set(triples)

    async def pages(self, object_types: Sequence[str], /) -> AsyncIterator[Sequence[Triple]]:
        self._require_there()
        for kind in object_types:
            if page := sorted(triple for triple in self.held if triple.object.type == kind):
                yield page

    def _mark(self) -> str:
        return str(self.mark) if self.mark else ""

    def _require_there(self) -> None:
        if self.is_away:
            raise AuthzUnavailable


async def apart(work: Coroutine[Any, Any, T]) -> T:
    """Do the work as another process would, outside any unit of work that is open here."""
    return await asyncio.create_task(work, context=Context())


@asynccontextmanager
async def opened(dsn: Secret[str], size: int = 5) -> AsyncGenerator[Database]:
    """Lend a database over a pool of its own, as another process would have it."""
    pool = build_pool(dsn, size)
    await pool.open(wait=True)
    try:
        yield Database(pool)
    finally:
        await pool.close()


class MemoryUnitOfWork:
    """Counts what was committed; tuples in memory are not taken back."""

    def __init__(self) -> None:
        self.commits = 0

    @asynccontextmanager
    async def __call__(self) -> AsyncGenerator[None]:
        yield
        self.commits += 1
