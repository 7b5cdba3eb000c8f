"""Discovered hooks in PostgreSQL."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from plexsphere.platform.db.database import Database
from plexsphere.platform.kernel.ids import DomainId, NodeId
from plexsphere.policy.domain.hooks.discovered_hook import DiscoveredHook
from plexsphere.policy.ports.hooks.discovered_hooks import HookFilter, HookPage, HookPlace, ListedHook

BEFORE_ALL: Final = "00000000-0000-0000-0000-000000000000"

# every statement is put together from constants of this module alone
LISTED: Final = """
SELECT domain_id, node_id, name, image_digest, image_digest_match FROM discovered_hooks
WHERE is_listed AND (node_id, name) > (%(node)s, %(name)s)
  AND (%(match)s::boolean IS NULL OR image_digest_match = %(match)s)
"""
IN_ORDER: Final = "ORDER BY node_id, name LIMIT %(limit)s"
# One for each index: a filter that is there or not would have them all read the whole listing.
EVERYWHERE: Final = f"{LISTED} {IN_ORDER}"
OF_DOMAIN: Final = f"{LISTED} AND domain_id = %(domain)s {IN_ORDER}"
OF_PROJECT: Final = f"{LISTED} AND project_id = %(project)s {IN_ORDER}"
OF_BOTH: Final = f"{LISTED} AND domain_id = %(domain)s AND project_id = %(project)s {IN_ORDER}"


@dataclass(frozen=True, slots=True)
class PostgresDiscoveredHooks:
    """Answers the port `DiscoveredHooks`."""

    database: Database

    async def hooks_page(self, wanted: HookFilter, after: HookPlace | None, limit: int, /) -> HookPage:
        """Read one row more than asked for, to know whether the page is the last."""
        given = {
            "node": after.node_id if after else BEFORE_ALL,
            "name": after.name if after else "",
            "match": wanted.image_digest_match,
            "domain": wanted.domain_id,
            "project": wanted.project_id,
            "limit": limit + 1,
        }
        async with self.database.connection() as connection:
            rows = await (await connection.execute(_statement(wanted), given)).fetchall()
        return HookPage(tuple(map(_hook, rows[:limit])), len(rows) <= limit)


def _statement(wanted: HookFilter) -> str:
    if wanted.project_id is None:
        return EVERYWHERE if wanted.domain_id is None else OF_DOMAIN
    return OF_PROJECT if wanted.domain_id is None else OF_BOTH


def _hook(row: Sequence[Any]) -> ListedHook:
    domain_id, node_id, name, image_digest, is_match = row
    return ListedHook(DomainId(domain_id), NodeId(node_id), DiscoveredHook(name, image_digest, is_match))
