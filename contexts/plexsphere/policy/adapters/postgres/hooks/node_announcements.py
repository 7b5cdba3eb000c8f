"""Announcements in PostgreSQL."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final

from plexsphere.platform.db.database import Database
from plexsphere.platform.db.recordset import recordset
from plexsphere.platform.kernel.ids import DomainId, NodeId
from plexsphere.policy.adapters.postgres.hooks.definition_rows import definition_given
from plexsphere.policy.domain.hooks.announcement import Announcement
from plexsphere.policy.domain.hooks.discovered_hook import discovered

REPEAT: Final = """
UPDATE node_announcements SET reported_at = greatest(reported_at, %(reported_at)s)
WHERE domain_id = %(domain)s AND node_id = %(node)s AND digest = %(digest)s RETURNING node_id
"""
CLAIM: Final = """
INSERT INTO node_announcements (
    domain_id, node_id, project_id, digest, binary_version, binary_checksum, announced_checksum, reported_at
) VALUES (
    %(domain)s, %(node)s, %(project)s, %(digest)s, %(binary_version)s, %(binary_checksum)s, %(binary_checksum)s,
    %(reported_at)s
)
ON CONFLICT (domain_id, node_id) DO UPDATE SET
    digest = excluded.digest, binary_version = excluded.binary_version,
    binary_checksum = CASE
        WHEN excluded.binary_checksum = '' AND excluded.binary_version = node_announcements.binary_version
        THEN node_announcements.binary_checksum ELSE excluded.binary_checksum END,
    announced_checksum = CASE
        WHEN excluded.binary_checksum = '' AND excluded.binary_version = node_announcements.binary_version
        THEN node_announcements.announced_checksum ELSE excluded.binary_checksum END,
    reported_at = greatest(node_announcements.reported_at, excluded.reported_at)
"""
HOLD: Final = "SELECT FROM node_announcements WHERE domain_id = %s AND node_id = %s FOR NO KEY UPDATE"
# What is deleted and what is written are never the same rows, so that one statement may do both.
REPLACE_ACTIONS: Final = """
WITH given AS MATERIALIZED (
    SELECT type, name, definition
    FROM json_to_recordset(%(rows)s) AS given (type text, name text, definition jsonb)
), gone AS (
    DELETE FROM announced_actions
    WHERE domain_id = %(domain)s AND node_id = %(node)s AND (type, name) NOT IN (SELECT type, name FROM given)
)
INSERT INTO announced_actions (domain_id, node_id, type, name, definition)
SELECT %(domain)s, %(node)s, type, name, definition FROM given
ON CONFLICT (domain_id, node_id, type, name) DO UPDATE SET definition = excluded.definition, is_excused = FALSE
WHERE announced_actions.definition <> excluded.definition OR announced_actions.is_excused
"""
REPLACE_DISCOVERED: Final = """
WITH given AS MATERIALIZED (
    SELECT name, image_digest, image_digest_match, is_listed FROM json_to_recordset(%(rows)s)
    AS given (name text, image_digest text, image_digest_match boolean, is_listed boolean)
), gone AS (
    DELETE FROM discovered_hooks
    WHERE domain_id = %(domain)s AND node_id = %(node)s AND name NOT IN (SELECT name FROM given)
)
INSERT INTO discovered_hooks (
    domain_id, node_id, project_id, name, image_digest, image_digest_match, is_listed
)
SELECT %(domain)s, %(node)s, %(project)s, name, image_digest, image_digest_match, is_listed FROM given
ON CONFLICT (domain_id, node_id, name) DO UPDATE SET
    image_digest = excluded.image_digest, image_digest_match = excluded.image_digest_match,
    is_listed = excluded.is_listed
WHERE (discovered_hooks.image_digest, discovered_hooks.image_digest_match)
    <> (excluded.image_digest, excluded.image_digest_match)
"""
# Without the digest the next announcement is compared, whatever it says.
EXCUSE: Final = """
WITH node AS (UPDATE node_announcements SET digest = NULL WHERE domain_id = %(domain)s AND node_id = %(node)s)
UPDATE announced_actions SET is_excused = TRUE
WHERE domain_id = %(domain)s AND node_id = %(node)s AND type = 'hook' AND name = %(hook)s
"""
WITHDRAW: Final = """
WITH actions AS (
    DELETE FROM announced_actions WHERE domain_id = %(domain)s AND node_id = %(node)s
), hooks AS (
    DELETE FROM discovered_hooks WHERE domain_id = %(domain)s AND node_id = %(node)s
)
DELETE FROM node_announcements WHERE domain_id = %(domain)s AND node_id = %(node)s
"""


@dataclass(frozen=True, slots=True)
class PostgresNodeAnnouncements:
    """Answers the port `NodeAnnouncements`."""

    database: Database

    async def is_repeated(self, announcement: Announcement, /) -> bool:
        """Note the time where the digest is the same."""
        async with self.database.connection() as connection:
            cursor = await connection.execute(REPEAT, _about(announcement))
            return await cursor.fetchone() is not None

    async def claim(self, announcement: Announcement, /) -> None:
        """Write the node's row: its lock is everybody's turn."""
        async with self.database.connection() as connection:
            await connection.execute(CLAIM, _about(announcement))

    async def hold(self, domain_id: DomainId, node_id: NodeId, /) -> None:
        """Lock the node's row, if there is one."""
        async with self.database.connection() as connection:
            await connection.execute(HOLD, [domain_id, node_id])

    async def replace(self, announcement: Announcement, homeless: Collection[str], /) -> None:
        """Write one statement for the actions and one for the hooks."""
        about = _about(announcement)
        async with self.database.connection() as connection:
            await connection.execute(REPLACE_ACTIONS, about | {"rows": _actions(announcement, homeless)})
            await connection.execute(REPLACE_DISCOVERED, about | {"rows": _discovered(announcement)})

    async def excuse(self, domain_id: DomainId, node_id: NodeId, hook_name: str, /) -> None:
        """Mark the hook's row, and forget what the announcement said."""
        given = {"domain": domain_id, "node": node_id, "hook": hook_name}
        async with self.database.connection() as connection:
            await connection.execute(EXCUSE, given)

    async def withdraw(self, domain_id: DomainId, node_id: NodeId, /) -> None:
        """Wait for who announces something, and only then look what there is to delete."""
        async with self.database.connection() as connection:
            await connection.execute(HOLD, [domain_id, node_id])
            await connection.execute(WITHDRAW, {"domain": domain_id, "node": node_id})


def _about(announcement: Announcement) -> dict[str, Any]:
    return {
        "domain": announcement.place.domain_id,
        "node": announcement.place.node_id,
        "project": announcement.place.project_id,
        "digest": announcement.digest,
        "binary_version": announcement.manifest.binary.version,
        "binary_checksum": announcement.manifest.binary.checksum,
        "reported_at": announcement.reported_at,
    }


def _actions(announcement: Announcement, homeless: Collection[str]) -> Any:
    manifest = announcement.manifest
    every = [(each, definition_given(each)) for each in manifest.builtin_actions]
    every += [
        (hook.definition, definition_given(hook.definition) | {"sandbox": hook.sandbox})
        for hook in manifest.hooks
        if hook.definition.name not in homeless
    ]
    # Of two of one name the first is what can be asked for; a dictionary keeps the last.
    given = {
        (each.type, each.name): {"type": each.type, "name": each.name, "definition": definition}
        for each, definition in reversed(every)
    }
    return recordset(list(given.values()))


def _discovered(announcement: Announcement) -> Any:
    return recordset(
        [
            {
                "name": each.name,
                "image_digest": each.image_digest,
                "image_digest_match": each.image_digest_match,
                "is_listed": each.is_listed,
            }
            for each in discovered(announcement.manifest)
        ]
    )
