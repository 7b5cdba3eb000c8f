"""Relation tuples in PostgreSQL, the one place where they are decided (design D12)."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

from psycopg.errors import UniqueViolation
from psycopg.rows import TupleRow

from plexsphere.identity.adapters.postgres.authz_outbox import (
    PostgresAuthzOutbox,
    triple_columns,
    triple_of,
)
from plexsphere.identity.domain.authorization_errors import InvalidRelationTuple, RelationTupleNotFound
from plexsphere.identity.domain.relation_tuple import RelationTuple, Triple, TupleId
from plexsphere.identity.domain.schema import Schema
from plexsphere.identity.domain.tuple_change import Operation
from plexsphere.platform.db.database import Connection, Database
from plexsphere.platform.kernel.clock import Clock
from plexsphere.platform.kernel.ids import DomainId, MintsIds, ProjectId
from plexsphere.platform.kernel.subjects import Reference, project_object

# The update that changes nothing locks the row that was there first and returns it.
_ADD: Final = """
    INSERT INTO relation_tuples
        (id, project_id, created_at, subject_type, subject_id, relation, object_type, object_id)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
    ON CONFLICT (object_type, object_id, relation, subject_type, subject_id)
        DO UPDATE SET relation = excluded.relation
    RETURNING id, project_id, created_at, subject_type, subject_id, relation, object_type, object_id
"""
# Both name the triple beside the id: what the caller was allowed to change is what is changed, or nothing.
_REPLACE: Final = """
    UPDATE relation_tuples
    SET (subject_type, subject_id, relation, object_type, object_id) = (%s, %s, %s, %s, %s)
    WHERE id = %s
        AND (subject_type, subject_id, relation, object_type, object_id) = (%s, %s, %s, %s, %s)
"""
_REMOVE: Final = """
    DELETE FROM relation_tuples
    WHERE id = %s
        AND (subject_type, subject_id, relation, object_type, object_id) = (%s, %s, %s, %s, %s)
"""
_UNRELATE: Final = """
    DELETE FROM relation_tuples
    WHERE (object_type = %(type)s AND object_id = %(id)s) OR (subject_type = %(type)s AND subject_id = %(id)s)
    RETURNING subject_type, subject_id, relation, object_type, object_id
"""
_GET: Final = """
    SELECT id, project_id, created_at, subject_type, subject_id, relation, object_type, object_id
    FROM relation_tuples WHERE id = %s
"""
_PAGE: Final = """
    SELECT id, project_id, created_at, subject_type, subject_id, relation, object_type, object_id
    FROM relation_tuples
    WHERE project_id = %s AND (%s::uuid IS NULL OR id > %s)
    ORDER BY id LIMIT %s
"""
_DOMAIN_OF: Final = """
    SELECT subject_id FROM relation_tuples
    WHERE object_type = %s AND object_id = %s AND relation = 'domain' AND subject_type = 'domain'
"""
# Whoever lists a tuple under a project holds what makes it stand, and whoever lets the project go claims that first ...
_HOLD_PROJECT: Final = f"{_DOMAIN_OF} FOR KEY SHARE"
_CLAIM_PROJECT: Final = f"{_DOMAIN_OF} FOR UPDATE"
# ... and then every tuple that is listed, for one that is moving to another object counts as well.
_CLAIM_LISTED: Final = """
    SELECT count(*) FILTER (WHERE (object_type, object_id) <> (%s, %s)) FROM (
        SELECT object_type, object_id FROM relation_tuples WHERE project_id = %s ORDER BY id FOR UPDATE
    ) AS listed
"""
_TRIPLES: Final = """
    SELECT id, subject_type, subject_id, relation, object_type, object_id
    FROM relation_tuples
    WHERE %s::uuid IS NULL OR id > %s
    ORDER BY id LIMIT %s
"""
_HOLDING: Final = """
    SELECT subject_type, subject_id, relation, object_type, object_id
    FROM relation_tuples
    JOIN unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::text[])
        AS asked (subject_type, subject_id, relation, object_type, object_id)
    USING (subject_type, subject_id, relation, object_type, object_id)
"""


class PostgresRelationTuples:
    """See `RelationTuples` and `AllTriples`; it also answers `Relations` for tenancy."""

    def __init__(
        self,
        database: Database,
        schema: Schema,
        outbox: PostgresAuthzOutbox,
        clock: Clock,
        mint_id: MintsIds,
    ) -> None:
        self._database = database
        self._schema = schema
        self._outbox = outbox
        self._clock = clock
        self._mint_id = mint_id

    async def relate(self, subject: Reference, relation: str, target: Reference, /) -> None:
        """
        Make a triple hold that no operator lists; one that holds already stays.

        Raises:
            InvalidRelationTuple: the schema has no such relation between such types.
        """
        triple = Triple(subject, relation, target)
        await self.add(RelationTuple(TupleId(self._mint_id()), None, triple, self._clock.now()))

    async def unrelate_object(self, target: Reference, /) -> None:
        """Forget every triple that names this object or subject on either side."""
        connection = await self._writing()
        cursor = await connection.execute(_UNRELATE, {"type": target.type, "id": target.id})
        gone = [triple_of(*row) for row in await cursor.fetchall()]
        await self._outbox.append(Operation.DELETE, gone)

    async def add(self, relation_tuple: RelationTuple, /) -> RelationTuple:
        """Make the triple hold and return its tuple."""
        self._schema.require_storable(relation_tuple.triple)
        connection = await self._writing()
        columns = triple_columns(relation_tuple.triple)
        cursor = await connection.execute(
            _ADD, [relation_tuple.id, relation_tuple.project_id, relation_tuple.created_at, *columns]
        )
        kept = _tuple_of(await cursor.fetchone())
        if kept.id == relation_tuple.id:
            await self._outbox.append(Operation.TOUCH, [kept.triple])
        return kept

    async def replace(self, before: RelationTuple, triple: Triple, /) -> RelationTuple:
        """Let the tuple hold another triple."""
        self._schema.require_storable(triple)
        connection = await self._writing()
        old, new = triple_columns(before.triple), triple_columns(triple)
        try:
            cursor = await connection.execute(_REPLACE, [*new, before.id, *old])
        except UniqueViolation as error:
            raise InvalidRelationTuple from error
        if cursor.rowcount == 0:
            raise RelationTupleNotFound(before.id)
        await self._outbox.append(Operation.DELETE, [before.triple])
        await self._outbox.append(Operation.TOUCH, [triple])
        return replace(before, triple=triple)

    async def remove(self, before: RelationTuple, /) -> None:
        """Forget the tuple."""
        connection = await self._writing()
        cursor = await connection.execute(_REMOVE, [before.id, *triple_columns(before.triple)])
        if cursor.rowcount == 0:
            raise RelationTupleNotFound(before.id)
        await self._outbox.append(Operation.DELETE, [before.triple])

    async def get(self, tuple_id: TupleId, /) -> RelationTuple | None:
        """Return the tuple."""
        rows = await self._rows(_GET, [tuple_id])
        return _tuple_of(rows[0]) if rows else None

    async def page(
        self, project_id: ProjectId, after: TupleId | None, limit: int, /
    ) -> Sequence[RelationTuple]:
        """Return tuples listed under the project, by id."""
        return [_tuple_of(row) for row in await self._rows(_PAGE, [project_id, after, after, limit])]

    async def hold_project(self, project_id: ProjectId, /) -> bool:
        """Tell whether the project stands in a Domain, and hold it there."""
        return bool(await self._rows(_HOLD_PROJECT, _columns_of(project_id)))

    async def claim_listed(self, project_id: ProjectId, /) -> int:
        """Return how many tuples on other objects are listed under the project, all of them locked."""
        place = _columns_of(project_id)
        await self._rows(_CLAIM_PROJECT, place)
        [row] = await self._rows(_CLAIM_LISTED, [*place, project_id])
        return int(row[0])

    async def home_of(self, project_id: ProjectId, /) -> DomainId | None:
        """Return the Domain that the project stands in."""
        rows = await self._rows(_DOMAIN_OF, _columns_of(project_id))
        return DomainId(UUID(rows[0][0])) if rows else None

    async def triples(self, after: TupleId | None, limit: int, /) -> Sequence[tuple[TupleId, Triple]]:
        """Return triples of any project or none, by id."""
        rows = await self._rows(_TRIPLES, [after, after, limit])
        return [(TupleId(row[0]), triple_of(*row[1:])) for row in rows]

    async def holding(self, triples: Sequence[Triple], /) -> set[Triple]:
        """Return those of the triples that hold."""
        if not triples:
            return set()
        columns = zip(*[triple_columns(triple) for triple in triples], strict=True)
        return {triple_of(*row) for row in await self._rows(_HOLDING, [list(column) for column in columns])}

    async def _writing(self) -> Connection:
        await self._outbox.announce_writing()
        return self._database.transaction().connection

    async def _rows(self, statement: str, parameters: Sequence[Any]) -> list[TupleRow]:
        async with self._database.connection() as connection:
            return await (await connection.execute(statement, parameters)).fetchall()


def _columns_of(project_id: ProjectId) -> tuple[str, str]:
    project = project_object(project_id)
    return project.type, project.id


def _tuple_of(row: TupleRow | None) -> RelationTuple:
    if row is None:
        raise RuntimeError("a statement that always returns its row returned none")
    tuple_id, project_id, created_at, *columns = row
    listed = None if project_id is None else ProjectId(project_id)
    return RelationTuple(TupleId(tuple_id), listed, triple_of(*columns), created_at)
