"""Node identities in PostgreSQL."""

from collections.abc import Sequence
from typing import Any, Final

from plexsphere.identity.domain.node_identity import KeptCredentials, NodeIdentity, NodePrincipal
from plexsphere.platform.db.database import Database
from plexsphere.platform.kernel.ids import DomainId, NodeId, TokenId

ADD: Final = """
    INSERT INTO node_identities (
        domain_id, node_id, bootstrap_token_id, public_key, hostname,
        token_sha256, nsk_sha256, nsk_sealed, nsk_version, registered_at
    ) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, statement_timestamp())
"""
FIND_ALL: Final = """
    SELECT domain_id, node_id, bootstrap_token_id, public_key, hostname,
        token_sha256, nsk_sha256, nsk_sealed, nsk_version, first_used_at IS NOT NULL, ended_at IS NOT NULL
    FROM node_identities WHERE node_id = ANY(%s)
"""
FIND_BY_NSK: Final = """
    SELECT i.domain_id, i.node_id, i.bootstrap_token_id, i.public_key, i.hostname,
        i.token_sha256, i.nsk_sha256, i.nsk_sealed, i.nsk_version, i.first_used_at IS NOT NULL,
        i.ended_at IS NOT NULL
    FROM node_identities i JOIN domains d ON d.id = i.domain_id
    WHERE i.nsk_sha256 = %s AND d.accept_nsk_bearer
"""
CLAIM_UNUSED: Final = """
    SELECT domain_id, node_id, bootstrap_token_id, public_key, hostname,
        token_sha256, nsk_sha256, nsk_sealed, nsk_version, false, false
    FROM node_identities
    WHERE domain_id = %s AND node_id = %s AND first_used_at IS NULL AND ended_at IS NULL
    FOR UPDATE
"""
PUT_CREDENTIALS: Final = """
    UPDATE node_identities SET token_sha256 = %s, nsk_sha256 = %s, nsk_sealed = %s, nsk_version = %s
    WHERE domain_id = %s AND node_id = %s
"""
# The digest is asked for again here: the credentials may have been renewed since they were compared.
MARK_USED: Final = """
    UPDATE node_identities SET first_used_at = clock_timestamp()
    WHERE domain_id = %(domain_id)s AND node_id = %(node_id)s
        AND first_used_at IS NULL AND ended_at IS NULL
        AND (token_sha256 = %(digest)s OR nsk_sha256 = %(digest)s)
"""
END: Final = """
    UPDATE node_identities SET ended_at = clock_timestamp()
    WHERE domain_id = %s AND node_id = %s AND ended_at IS NULL
"""
FORGET_DOMAIN: Final = "DELETE FROM node_identities WHERE domain_id = %s"


class PostgresNodeIdentities:
    """The collection of node identities."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, identity: NodeIdentity) -> None:
        """Keep a new identity."""
        async with self._database.connection() as connection:
            await connection.execute(ADD, _row(identity))

    async def find(self, node_id: NodeId) -> NodeIdentity | None:
        """Return the node's identity, ended or not, or None."""
        found = await self.find_all([node_id])
        return found[0] if found else None

    async def find_all(self, node_ids: Sequence[NodeId]) -> Sequence[NodeIdentity]:
        """Return the identities of those nodes that have one, ended or not, in one statement."""
        async with self._database.connection() as connection:
            rows = await (await connection.execute(FIND_ALL, [list(node_ids)])).fetchall()
        return [_identity(*row) for row in rows]

    async def find_by_nsk(self, nsk_sha256: bytes) -> NodeIdentity | None:
        """Return the identity with this node secret key, in a Domain that accepts it as a bearer, or None."""
        async with self._database.connection() as connection:
            row = await (await connection.execute(FIND_BY_NSK, [nsk_sha256])).fetchone()
        return None if row is None else _identity(*row)

    async def claim_unused(self, domain_id: DomainId, node_id: NodeId) -> NodeIdentity | None:
        """Return the living, unused identity, locked until the unit of work ends, or None."""
        async with self._database.connection() as connection:
            row = await (await connection.execute(CLAIM_UNUSED, [domain_id, node_id])).fetchone()
        return None if row is None else _identity(*row)

    async def put_credentials(self, identity: NodeIdentity) -> None:
        """Keep the identity's credentials in place of the old ones."""
        values = (*_credentials(identity.kept), identity.domain_id, identity.node_id)
        async with self._database.connection() as connection:
            await connection.execute(PUT_CREDENTIALS, values)

    async def mark_used(self, principal: NodePrincipal, text_digest: bytes) -> bool:
        """Mark the first authenticated call, once; say whether this call made the mark."""
        values = {"domain_id": principal.domain_id, "node_id": principal.node_id, "digest": text_digest}
        async with self._database.connection() as connection:
            return (await connection.execute(MARK_USED, values)).rowcount == 1

    async def end(self, domain_id: DomainId, node_id: NodeId) -> bool:
        """End the identity; say whether there was a living one."""
        async with self._database.connection() as connection:
            return (await connection.execute(END, [domain_id, node_id])).rowcount == 1

    async def forget_domain(self, domain_id: DomainId) -> None:
        """Forget every identity of the Domain."""
        async with self._database.connection() as connection:
            await connection.execute(FORGET_DOMAIN, [domain_id])


def _row(identity: NodeIdentity) -> tuple[Any, ...]:
    return (
        identity.domain_id,
        identity.node_id,
        identity.token_id,
        identity.public_key,
        identity.hostname,
        *_credentials(identity.kept),
    )


def _credentials(kept: KeptCredentials) -> tuple[Any, ...]:
    return (kept.token_sha256, kept.nsk_sha256, kept.nsk_sealed, kept.nsk_version)


def _identity(*row: Any) -> NodeIdentity:
    domain_id, node_id, token_id, public_key, hostname, *credentials, is_used, is_ended = row
    return NodeIdentity(
        domain_id=DomainId(domain_id),
        node_id=NodeId(node_id),
        token_id=TokenId(token_id),
        public_key=public_key,
        hostname=hostname,
        kept=KeptCredentials(*credentials),
        is_used=is_used,
        is_ended=is_ended,
    )
