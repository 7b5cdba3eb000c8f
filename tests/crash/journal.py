"""What was asked for, and what became of it: acknowledged writes are there, others whole or not at all."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from plexsphere.platform.db.database import Database

ABSENT: Final = ""

# One row for each fact that somebody may have written, as it stands.
STANDING: Final = """
SELECT kind, key, value FROM (
    SELECT 'node', hostname, CASE WHEN removed_at IS NULL THEN 'live' ELSE 'gone' END FROM nodes
    UNION ALL SELECT 'endpoint', id::text, endpoint FROM nodes
    UNION ALL SELECT 'role', id::text, coalesce(metadata ->> 'role', '') FROM nodes
    UNION ALL SELECT 'policy', slug, 'there' FROM network_policies WHERE deleted_at IS NULL
    UNION ALL SELECT 'machine token', labels ->> 'deed', CASE
        WHEN revoked_at IS NOT NULL THEN 'revoked' WHEN consumed_by IS NOT NULL THEN 'used' ELSE 'good' END
        FROM bootstrap_tokens
    UNION ALL SELECT 'robot', external_subject, 'there' FROM principals
    UNION ALL SELECT 'api token', id::text, CASE WHEN revoked_at IS NULL THEN 'good' ELSE 'revoked' END FROM api_tokens
    UNION ALL SELECT 'relation', subject_id || ' on ' || object_id, 'there' FROM relation_tuples
    UNION ALL SELECT 'domain', slug, 'there' FROM domains
    UNION ALL SELECT 'project', slug, 'there' FROM projects
) AS facts (kind, key, value)
WHERE key = ANY(%s)
"""

Key = tuple[str, str]


class Outcome(Enum):
    """What the answer to an operation says."""

    DONE = "done"
    REFUSED = "refused"
    UNKNOWN = "unknown"


@dataclass
class Fact:
    """The value that was acknowledged last, and those that operations without an answer may have left."""

    known: str = ABSENT
    possible: set[str] = field(default_factory=set)


class Journal:
    """
    Keeps what the database must say, by kind and key; operations on one key never overlap.

    `faults` are answers that should not have been given.
    """

    def __init__(self) -> None:
        self.faults: Final[list[str]] = []
        self.acknowledged = 0
        self.unanswered = 0
        self._facts: Final[dict[Key, Fact]] = {}
        self._touched: Final[set[Key]] = set()

    def note(self, kind: str, key: str, value: str, outcome: Outcome) -> None:
        """Keep what an operation that writes this value has come to."""
        if outcome is Outcome.REFUSED:
            return
        fact = self._facts.setdefault((kind, key), Fact())
        self._touched.add((kind, key))
        if outcome is Outcome.DONE:
            self.acknowledged += 1
            fact.known, fact.possible = value, set()
        else:
            self.unanswered += 1
            fact.possible.add(value)

    def know(self, kind: str, key: str, value: str) -> None:
        """Take over what follows from an operation on something else."""
        self._facts[(kind, key)] = Fact(value)
        self._touched.add((kind, key))

    async def broken(self, database: Database) -> list[str]:
        """Return what the database says otherwise, of all that was touched since the last look."""
        touched = sorted(self._touched)
        standing = await _standing(database, touched)
        wrong = [line for key in touched for line in self._compare(key, standing.get(key, ABSENT))]
        self._touched.clear()
        return wrong

    def _compare(self, key: Key, actual: str) -> list[str]:
        fact = self._facts[key]
        allowed = {fact.known, *fact.possible}
        if actual not in allowed:
            return [f"{' '.join(key)} is {actual!r} and not one of {sorted(allowed)}"]
        fact.known, fact.possible = actual, set()
        return []


async def _standing(database: Database, touched: Sequence[Key]) -> Mapping[Key, str]:
    async with database.connection() as connection:
        rows = await (await connection.execute(STANDING, [[key for _, key in touched]])).fetchall()
    return {(kind, key): value for kind, key, value in rows}
