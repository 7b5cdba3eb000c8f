"""The outbox of relation tuples in PostgreSQL."""

from collections.abc import Sequence
from typing import Final

from plexsphere.identity.domain.relation_tuple import Triple
from plexsphere.identity.domain.tuple_change import Operation, OutboxRow, TupleChange
from plexsphere.identity.ports.authz_outbox import Standing
from plexsphere.platform.db.database import Database
from plexsphere.platform.kernel.subjects import Reference

_APPEND: Final = """
    INSERT INTO authz_outbox (operation, subject_type, subject_id, relation, object_type, object_id)
    SELECT * FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[])
"""
# The share lock waits for a reconciliation in another process and keeps the next one out until this commit; else a
# tuple written here behind its back would be missing from a mirror that says it is in step.
_FALL_OUT_OF_STEP: Final = """
    WITH mirror AS (SELECT zed_token FROM authz_mirrors WHERE id = 1 FOR SHARE)
    UPDATE authz_mirrors SET zed_token = '' WHERE id = 1 AND (SELECT zed_token FROM mirror) <> ''
"""
_STANDING: Final = """
    SELECT zed_token <> '', (SELECT max(id) FROM authz_outbox) FROM authz_mirrors WHERE id = 1
"""
_WAITS: Final = "SELECT EXISTS (SELECT FROM authz_outbox WHERE id <= %s)"
_TAKE_TURN: Final = "SELECT 1 FROM authz_mirrors WHERE id = 1 FOR UPDATE SKIP LOCKED"
_AWAIT_TURN: Final = "SELECT 1 FROM authz_mirrors WHERE id = 1 FOR UPDATE"
_OLDEST: Final = """
    SELECT id, operation, subject_type, subject_id, relation, object_type, object_id
    FROM authz_outbox ORDER BY id LIMIT %s
"""
_FORGET: Final = "DELETE FROM authz_outbox WHERE id = ANY(%s)"
_REPEATED: Final = """
    UPDATE authz_mirrors
    SET mirrored_id = greatest(mirrored_id, %s), zed_token = CASE zed_token WHEN '' THEN '' ELSE %s END
    WHERE id = 1
"""
_IN_STEP: Final = "UPDATE authz_mirrors SET zed_token = %s WHERE id = 1"


class PostgresAuthzOutbox:
    """
    See `AuthzOutbox`.

    Rows are taken away as they are repeated, so the table holds the lag and nothing else. Of one triple the order of
    ids is the order of commits: a row is numbered after its transaction has locked the triple. Rows of different
    triples may commit out of order, which is why what waits is told by the rows that are there and not by the highest
    id that was repeated. Where no mirror is configured nothing is kept, and a mirror of former days falls out of step.
    """

    def __init__(self, database: Database, *, mirrored: bool) -> None:
        self._database = database
        self._mirrored = mirrored

    async def announce_writing(self) -> None:
        """Do before the first write of a transaction what must not come after it."""
        if not self._mirrored:
            await self._database.transaction().connection.execute(_FALL_OUT_OF_STEP)

    async def append(self, operation: Operation, triples: Sequence[Triple]) -> None:
        """Keep what the open unit of work did to the triples, after it did it."""
        if not self._mirrored or not triples:
            return
        columns = zip(*[(operation.value, *triple_columns(triple)) for triple in triples], strict=True)
        await self._database.transaction().connection.execute(_APPEND, [list(column) for column in columns])

    async def standing(self) -> Standing:
        """Return whether the mirror is in step, and the newest waiting id."""
        async with self._database.connection() as connection:
            row = await (await connection.execute(_STANDING)).fetchone()
        return Standing(False, None) if row is None else Standing(*row)

    async def is_mirrored(self, newest: int, /) -> bool:
        """Tell whether no row up to this id waits."""
        async with self._database.connection() as connection:
            row = await (await connection.execute(_WAITS, [newest])).fetchone()
        return row == (False,)

    async def take_turn(self) -> bool:
        """Lock the mirror's row, unless another process has."""
        cursor = await self._database.transaction().connection.execute(_TAKE_TURN)
        return await cursor.fetchone() is not None

    async def await_turn(self) -> None:
        """Lock the mirror's row, after whoever has."""
        await self._database.transaction().connection.execute(_AWAIT_TURN)

    async def oldest(self, limit: int, /) -> Sequence[OutboxRow]:
        """Return the first rows by id."""
        cursor = await self._database.transaction().connection.execute(_OLDEST, [limit])
        return [
            OutboxRow(number, TupleChange(Operation(operation), triple_of(*columns)))
            for number, operation, *columns in await cursor.fetchall()
        ]

    async def forget(self, rows: Sequence[OutboxRow], zed_token: str, /) -> None:
        """Delete the rows and note how far the mirror is."""
        connection = self._database.transaction().connection
        await connection.execute(_FORGET, [[row.id for row in rows]])
        await connection.execute(_REPEATED, [max(row.id for row in rows), zed_token])

    async def mark_in_step(self, zed_token: str, /) -> None:
        """Note that the mirror equals the tuples."""
        await self._database.transaction().connection.execute(_IN_STEP, [zed_token])


def triple_columns(triple: Triple) -> tuple[str, str, str, str, str]:
    """Return the columns subject_type, subject_id, relation, object_type, object_id."""
    return (
        triple.subject.type,
        triple.subject.id,
        triple.relation,
        triple.object.type,
        triple.object.id,
    )


def triple_of(subject_type: str, subject_id: str, relation: str, object_type: str, object_id: str) -> Triple:
    """Return the triple of those columns."""
    return Triple(Reference(subject_type, subject_id), relation, Reference(object_type, object_id))
