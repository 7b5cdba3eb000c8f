"""What lies in the database, read beside the product."""

from typing import Any, Final, LiteralString

import psycopg
from psycopg import sql

from plexsphere.platform.kernel.secret import Secret

TRAIL: Final[LiteralString] = """
    SELECT relation, outcome, object_type, object_id, caveat_context FROM audit_entries
    UNION ALL
    SELECT relation, outcome, object_type, object_id, caveat_context FROM audit_inbox
"""

TABLES: Final[LiteralString] = """
    SELECT schemaname, tablename FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')
"""
COPIED: Final = sql.SQL("COPY (SELECT * FROM {}) TO STDOUT")


def rows(database: Secret[str], statement: LiteralString) -> list[tuple[Any, ...]]:
    """Return the rows of a statement."""
    with psycopg.connect(database.reveal(), options="-c search_path=plexsphere") as connection:
        return list(connection.execute(statement).fetchall())


def trail(database: Secret[str]) -> list[tuple[str, str, str, dict[str, Any]]]:
    """Return relation, outcome, object and context of everything in the audit trail, sealed or not yet."""
    return [(entry[0], entry[1], f"{entry[2]}:{entry[3]}", entry[4]) for entry in rows(database, TRAIL)]


def dumped(database: Secret[str]) -> dict[str, bytes]:
    """Return everything that each table holds, as a dump writes it."""
    with psycopg.connect(database.reveal()) as connection:
        return {table: _copied(connection, schema, table) for schema, table in connection.execute(TABLES)}


def _copied(connection: psycopg.Connection[Any], schema: str, table: str) -> bytes:
    with connection.cursor() as cursor, cursor.copy(COPIED.format(sql.Identifier(schema, table))) as copied:
        return b"".join(copied)
