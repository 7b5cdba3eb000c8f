"""Policies in PostgreSQL."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from psycopg.errors import ForeignKeyViolation, UniqueViolation
from psycopg.rows import TupleRow

from plexsphere.platform.db.database import Database
from plexsphere.platform.kernel.ids import DomainId, PolicyId, ProjectId
from plexsphere.policy.adapters.postgres.policy_rows import (
    HEAD,
    HEADER,
    header_of,
    policy_of,
    revision_of,
    values_of,
)
from plexsphere.policy.domain.errors import PolicySlugTaken, ProjectNotFound, RevisionConflict
from plexsphere.policy.domain.policy import NetworkPolicy, Revision, RevisionId
from plexsphere.policy.ports.policies import (
    REVISIONS_KEPT,
    RULES_A_PAGE,
    PolicyPage,
    PolicyReading,
    RevisionPage,
)

SLUG_INDEX: Final = "network_policies_slug"
HEADER_COLUMNS: Final = len(HEADER.split(", "))
BEHIND_ALL: Final = 2**63 - 1
BEFORE_ALL: Final = "00000000-0000-0000-0000-000000000000"

# ruff: noqa: S608  # every statement is put together from constants of this package alone
REVISION: Final = """
    domain_id, policy_id, id, number, parent_id, source_selector, destination_selector, rules, tests,
    created_at, created_by, correlation_id
"""
REVISION_VALUES: Final = """
    %(domain)s, %(policy)s, %(head)s, %(number)s, %(parent)s, %(source)s, %(destination)s, %(rules)s, %(tests)s,
    %(created_at)s, %(created_by)s, %(correlation_id)s
"""
ADD: Final = f"""
WITH policy AS (
    INSERT INTO network_policies (
        domain_id, id, project_id, slug, display_name, head_revision_id, head_number, revision,
        created_at, updated_at
    ) VALUES (
        %(domain)s, %(policy)s, %(project)s, %(slug)s, %(display_name)s, %(head)s, %(number)s, %(revision)s,
        %(policy_created_at)s, %(policy_updated_at)s
    )
)
INSERT INTO network_policy_revisions ({REVISION}) VALUES ({REVISION_VALUES})
"""
REVISE: Final = f"""
WITH policy AS (
    UPDATE network_policies SET
        display_name = %(display_name)s, head_revision_id = %(head)s, head_number = %(number)s,
        revision = %(revision)s, updated_at = %(policy_updated_at)s
    WHERE domain_id = %(domain)s AND id = %(policy)s AND head_revision_id = %(parent)s AND deleted_at IS NULL
    RETURNING id
), past AS (
    DELETE FROM network_policy_revisions AS past USING policy
    WHERE (past.domain_id, past.policy_id) = (%(domain)s, policy.id) AND past.number <= %(number)s - {REVISIONS_KEPT}
)
INSERT INTO network_policy_revisions ({REVISION}) SELECT {REVISION_VALUES} FROM policy
RETURNING id
"""
RENAME: Final = """
UPDATE network_policies SET display_name = %s, updated_at = %s WHERE domain_id = %s AND id = %s
"""
WITH_HEADS: Final = f"""
SELECT {HEADER}, {HEAD} FROM network_policies AS policy
JOIN network_policy_revisions AS head
  ON (head.domain_id, head.policy_id, head.id) = (policy.domain_id, policy.id, policy.head_revision_id)
WHERE policy.domain_id = %(domain)s AND policy.deleted_at IS NULL
"""
GET: Final = f"{WITH_HEADS} AND policy.id = %(policy)s"
ALL_OF: Final = f"{WITH_HEADS} ORDER BY policy.id"
UPTO: Final = "SELECT coalesce(max(revision), 0) FROM network_policies WHERE domain_id = %s"
CHANGED: Final = f"""
SELECT policy.revision, policy.deleted_at, {HEADER}, {HEAD} FROM network_policies AS policy
LEFT JOIN network_policy_revisions AS head
  ON (head.domain_id, head.policy_id, head.id) = (policy.domain_id, policy.id, policy.head_revision_id)
WHERE policy.domain_id = %s AND policy.revision > %s ORDER BY policy.id
"""
PAGE: Final = f"""
SELECT {HEADER} FROM network_policies AS policy
WHERE domain_id = %s AND project_id = %s AND id > %s AND deleted_at IS NULL ORDER BY id LIMIT %s
"""
REVISIONS: Final = f"""
WITH wanted AS (
    SELECT domain_id, policy_id, id, number, jsonb_array_length(rules) AS size FROM network_policy_revisions
    WHERE domain_id = %(domain)s AND policy_id = %(policy)s AND number < %(before)s
    ORDER BY number DESC LIMIT %(limit)s + 1
), counted AS (
    SELECT domain_id, policy_id, id, count(*) OVER () AS found, coalesce(sum(size) OVER (
        ORDER BY number DESC ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ), 0) AS rules_before FROM wanted
)
SELECT counted.found, {HEAD} FROM counted
JOIN network_policy_revisions AS head
  ON (head.domain_id, head.policy_id, head.id) = (counted.domain_id, counted.policy_id, counted.id)
WHERE counted.rules_before < {RULES_A_PAGE} ORDER BY head.number DESC LIMIT %(limit)s
"""
GET_REVISION: Final = f"""
SELECT {HEAD} FROM network_policy_revisions AS head
WHERE head.domain_id = %s AND head.policy_id = %s AND head.id = %s
"""
DELETE: Final = """
WITH deleted AS (
    UPDATE network_policies SET deleted_at = now(), revision = %s
    WHERE domain_id = %s AND id = %s AND deleted_at IS NULL RETURNING domain_id, id
), revisions AS (
    DELETE FROM network_policy_revisions AS past USING deleted
    WHERE (past.domain_id, past.policy_id) = (deleted.domain_id, deleted.id)
)
SELECT id FROM deleted
"""
WAS_EVER: Final = """
SELECT EXISTS (SELECT FROM network_policies WHERE domain_id = %s AND project_id = %s AND slug = %s)
"""


@dataclass(frozen=True, slots=True)
class PostgresPolicies:
    """Answers the port `Policies`."""

    database: Database

    async def add(self, domain_id: DomainId, policy: NetworkPolicy, revision: int, /) -> None:
        """Insert policy and head in one statement; the unique index over what is not deleted decides races."""
        async with self.database.connection() as connection:
            try:
                await connection.execute(ADD, values_of(domain_id, policy, revision))
            except UniqueViolation as error:
                if error.diag.constraint_name != SLUG_INDEX:
                    raise
                raise PolicySlugTaken(policy.project_id) from error
            except ForeignKeyViolation as error:
                raise ProjectNotFound(policy.project_id) from error

    async def revise(self, domain_id: DomainId, policy: NetworkPolicy, revision: int, /) -> None:
        """Move the head, insert it and forget the oldest in one statement, where the head is still the parent."""
        if not await self._rows(REVISE, values_of(domain_id, policy, revision)):
            raise RevisionConflict(policy.id)

    async def rename(self, domain_id: DomainId, policy: NetworkPolicy, /) -> None:
        """Leave the mesh revision alone, so that no follower reads the policy again."""
        async with self.database.connection() as connection:
            given = [policy.display_name or "", policy.updated_at, domain_id, policy.id]
            await connection.execute(RENAME, given)

    async def get(self, domain_id: DomainId, policy_id: PolicyId, /) -> NetworkPolicy | None:
        """Read by the primary keys."""
        rows = await self._rows(GET, {"domain": domain_id, "policy": policy_id})
        return await _policy(rows[0]) if rows else None

    async def page(
        self, domain_id: DomainId, project_id: ProjectId, after: PolicyId | None, limit: int, /
    ) -> PolicyPage:
        """Read one row more than asked for, to know whether the page is the last."""
        rows = await self._rows(PAGE, [domain_id, project_id, after or BEFORE_ALL, limit + 1])
        return PolicyPage(tuple(map(header_of, rows[:limit])), len(rows) <= limit)

    async def revisions(
        self, domain_id: DomainId, policy_id: PolicyId, before: int | None, limit: int, /
    ) -> RevisionPage:
        """Read by the index over numbers; one row more than asked for is counted, and not fetched."""
        bound = BEHIND_ALL if before is None else before
        given = {"domain": domain_id, "policy": policy_id, "before": bound, "limit": limit}
        rows = await self._rows(REVISIONS, given)
        is_last = not rows or rows[0][0] == len(rows)
        return RevisionPage(tuple([await revision_of(row[1:]) for row in rows]), is_last)

    async def get_revision(
        self, domain_id: DomainId, policy_id: PolicyId, revision_id: RevisionId, /
    ) -> Revision | None:
        """Read by the primary key."""
        rows = await self._rows(GET_REVISION, [domain_id, policy_id, revision_id])
        return await revision_of(rows[0]) if rows else None

    async def all_of(self, domain_id: DomainId, /) -> PolicyReading:
        """Read the newest revision first: what is read behind it may be newer, never older."""
        upto = await self._rows(UPTO, [domain_id])
        rows = await self._rows(ALL_OF, {"domain": domain_id})
        return PolicyReading(0, upto[0][0], tuple([await _policy(row) for row in rows]))

    async def changed(self, domain_id: DomainId, since: int, /) -> PolicyReading:
        """Read by the index over revisions, in one statement, for the bound must fit what was read."""
        rows = await self._rows(CHANGED, [domain_id, since])
        return PolicyReading(
            since=since,
            upto=max((row[0] for row in rows), default=since),
            policies=tuple([await _policy(row[2:]) for row in rows if row[1] is None]),
            deleted=tuple(PolicyId(row[2]) for row in rows if row[1] is not None),
        )

    async def delete(self, domain_id: DomainId, policy_id: PolicyId, revision: int, /) -> bool:
        """Mark the row and delete its revisions, in one statement."""
        return bool(await self._rows(DELETE, [revision, domain_id, policy_id]))

    async def was_ever(self, domain_id: DomainId, project_id: ProjectId, slug: str, /) -> bool:
        """Look among deleted rows too."""
        return bool((await self._rows(WAS_EVER, [domain_id, project_id, slug]))[0][0])

    async def _rows(self, statement: str, given: Sequence[Any] | Mapping[str, Any]) -> list[TupleRow]:
        async with self.database.connection() as connection:
            return await (await connection.execute(statement, given)).fetchall()


async def _policy(row: Sequence[Any]) -> NetworkPolicy:
    return await policy_of(header_of(row[:HEADER_COLUMNS]), row[HEADER_COLUMNS:])
