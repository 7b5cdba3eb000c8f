"""Where the schema of a database stands, as this version sees it."""

from dataclasses import dataclass
from typing import Any, Final, LiteralString

from psycopg import AsyncConnection

from plexsphere.platform.db.database import Database
from plexsphere.platform.db.faults import translated
from plexsphere.platform.db.pool import application_name
from plexsphere.platform.db.schema import KnownMigration, KnownSchema, Phase, shipped
from plexsphere.platform.kernel.secret import Secret

CONNECT_SECONDS: Final = 10

IS_THERE: Final = "SELECT to_regclass(%s) IS NOT NULL"
APPLIED: Final = "SELECT migration_id FROM plexsphere._yoyo_migration"
FLOOR: Final = "SELECT coalesce(max(floor), 0) FROM plexsphere.schema_floors"
# A process says its schema in the name of its sessions, which everybody may read; of what kind a session of another
# role is, few may. One without a name, of the role that we are ourselves, is a process from before there were such
# names.
CONNECTED: Final = """
SELECT coalesce(substring(application_name FROM 'plexsphere/([0-9]+)$')::integer, 0) AS level, count(*)
FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
  AND (
    application_name ~ 'plexsphere/[0-9]+$'
    OR (application_name = '' AND usename = current_user AND backend_type = 'client backend')
  )
GROUP BY level ORDER BY level
"""


class SchemaBeyond(Exception):
    """The schema was contracted for newer versions; the message says which one this is, and what it takes."""

    def __init__(self, floor: int, level: int) -> None:
        super().__init__(
            f"the database was contracted and needs schema {floor:04}; this version has {level:04}: start a newer one"
        )


@dataclass(frozen=True, slots=True)
class SchemaState:
    """
    What is applied, and how old a process may be; `connected` counts sessions by the schema of their process.

    Schema 0 stands for processes that do not say which one is theirs.
    """

    schema: KnownSchema
    applied: frozenset[str]
    floor: int
    connected: dict[int, int]

    @property
    def lacking(self) -> list[KnownMigration]:
        """The expansions that this version needs and the database does not have."""
        return [each for each in self._waiting if each.phase is Phase.EXPAND]

    @property
    def held_back(self) -> list[KnownMigration]:
        """The contractions that wait until nobody needs what they take away."""
        return [each for each in self._waiting if each.phase is Phase.CONTRACT]

    @property
    def _waiting(self) -> list[KnownMigration]:
        return [each for each in self.schema.migrations if each.id not in self.applied]

    def require_floor(self) -> None:
        """
        Return when this version may work on the database.

        Raises:
            SchemaBeyond: it was contracted beyond this version.
        """
        require_floor(self.floor, self.schema)


def require_floor(floor: int, schema: KnownSchema) -> None:
    """
    Return when processes of this schema may work above the floor.

    Raises:
        SchemaBeyond: they may not.
    """
    if floor > schema.level:
        raise SchemaBeyond(floor, schema.level)


async def schema_state(dsn: Secret[str], schema: KnownSchema) -> SchemaState:
    """
    Read where the schema stands; nothing is locked or changed, and nobody is waited for.

    Raises:
        StoreUnavailable: the database is away.
    """
    with translated():
        async with await AsyncConnection.connect(
            dsn.reveal(),
            autocommit=True,
            connect_timeout=CONNECT_SECONDS,
            application_name=application_name("", schema.level),
        ) as connection:
            applied = await _rows(connection, "plexsphere._yoyo_migration", APPLIED)
            floors = await _rows(connection, "plexsphere.schema_floors", FLOOR)
            connected = await (await connection.execute(CONNECTED)).fetchall()
    floor = floors[0][0] if floors else 0
    return SchemaState(schema, frozenset(row[0] for row in applied), floor, dict(connected))


async def require_unbroken(database: Database) -> None:
    """
    Return when the schema still serves this version.

    Raises:
        SchemaBeyond: it was contracted meanwhile.
        StoreUnavailable: the database does not say.
    """
    async with database.connection() as connection:
        row = await (await connection.execute(FLOOR)).fetchone()
    require_floor(row[0] if row else 0, shipped())


async def _rows(connection: AsyncConnection, table: str, statement: LiteralString) -> list[Any]:
    found = await (await connection.execute(IS_THERE, [table])).fetchone()
    return await (await connection.execute(statement)).fetchall() if found and found[0] else []
