"""What lies in the database, read beside the product."""

from typing import Any, Final, LiteralString

import psycopg

from plexsphere.platform.kernel.secret import Secret

TRAIL: Final[LiteralString] = """
    SELECT relation, outcome, object_type, object_id, caveat_context FROM audit_entries
    UNION ALL
    SELECT relation, outcome, object_type, object_id, caveat_context FROM audit_inbox
"""


def rows(database: Secret[str], statement: LiteralString) -> list[tuple[Any, ...]]:
    """Return the rows of a statement."""
    with psycopg.connect(database.reveal(), options="-c search_path=plexsphere") as connection:
        return list(connection.execute(statement).fetchall())


def trail(database: Secret[str]) -> list[tuple[str, str, str, dict[str, Any]]]:
    """Return relation, outcome, object and context of everything in the audit trail, sealed or not yet."""
    return [(entry[0], entry[1], f"{entry[2]}:{entry[3]}", entry[4]) for entry in rows(database, TRAIL)]
