"""Use case: tell which node is calling."""

from dataclasses import dataclass

from plexsphere.identity.application.credential_cache import CredentialCache
from plexsphere.identity.application.identity_lookups import IdentityLookups
from plexsphere.identity.domain.errors import CredentialRefused
from plexsphere.identity.domain.node_identity import NodeIdentity, NodePrincipal
from plexsphere.identity.domain.token_text import TokenKind, digest, row_id_in
from plexsphere.identity.ports.node_identities import NodeIdentities
from plexsphere.platform.kernel.ids import NodeId
from plexsphere.platform.kernel.secret import Secret
from plexsphere.platform.kernel.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class AuthenticateNode:
    """
    Return the node whose token the bearer is, or whose secret key where its Domain accepts that (design D8).

    The node's first authenticated call is marked before this returns, which ends the time in which its
    registration can be repeated (design D10).

    Raises:
        CredentialRefused: the bearer is no living node's.
        StoreUnavailable: nothing remembered is fresh, and the store is away.
    """

    unit_of_work: UnitOfWork
    node_identities: NodeIdentities
    cache: CredentialCache[NodePrincipal]
    lookups: IdentityLookups

    async def __call__(self, bearer: Secret[str]) -> NodePrincipal:
        text_digest = digest(bearer)
        return self.cache.cached(text_digest) or await self._looked_up(bearer, text_digest)

    async def _looked_up(self, bearer: Secret[str], text_digest: bytes) -> NodePrincipal:
        ticket = self.cache.ticket()
        identity = await self._proven(bearer, text_digest)
        if not identity.is_used and not await self._marked(identity, text_digest):
            # Another call made the mark, or the credentials were renewed meanwhile: only the store knows.
            identity = await self._proven(bearer, text_digest)
            if not identity.is_used:
                raise CredentialRefused
        self.cache.remember(text_digest, identity.principal, ticket)
        return identity.principal

    async def _proven(self, bearer: Secret[str], text_digest: bytes) -> NodeIdentity:
        node_id = row_id_in(TokenKind.NODE, bearer)
        if node_id is not None:
            identity = await self.lookups.find(NodeId(node_id))
            proven = identity is not None and identity.is_proven_by_token(text_digest)
        else:
            identity = await self.node_identities.find_by_nsk(text_digest)
            proven = identity is not None and identity.is_proven_by_nsk(text_digest)
        if identity is None or not proven:
            raise CredentialRefused
        return identity

    async def _marked(self, identity: NodeIdentity, text_digest: bytes) -> bool:
        async with self.unit_of_work():
            return await self.node_identities.mark_used(identity.principal, text_digest)
