"""Use case: tell which operator is calling."""

from dataclasses import dataclass

from plexsphere.identity.application.api_token_uses import ApiTokenUses
from plexsphere.identity.application.credential_cache import CredentialCache
from plexsphere.identity.domain.errors import CredentialRefused
from plexsphere.identity.domain.principal import OperatorPrincipal
from plexsphere.identity.domain.token_text import TokenKind, digest, row_id_in
from plexsphere.identity.ports.api_tokens import ApiTokens
from plexsphere.platform.kernel.ids import TokenId
from plexsphere.platform.kernel.secret import Secret


@dataclass(frozen=True, slots=True)
class AuthenticateOperator:
    """
    Return the principal whose live API token the bearer is, and note the use.

    Raises:
        CredentialRefused: the bearer is nobody's live API token.
        StoreUnavailable: nothing remembered is fresh, and the store is away.
    """

    api_tokens: ApiTokens
    cache: CredentialCache[OperatorPrincipal]
    uses: ApiTokenUses

    async def __call__(self, bearer: Secret[str]) -> OperatorPrincipal:
        principal = self.cached(bearer)
        if principal is None:
            principal = await self._looked_up(bearer, digest(bearer))
            self.uses.note(principal.token_id)
        return principal

    def cached(self, bearer: Secret[str]) -> OperatorPrincipal | None:
        """Return whom the bearer proved under the current credential epoch, and note the use; None says nothing."""
        principal = self.cache.cached(digest(bearer))
        if principal is not None:
            self.uses.note(principal.token_id)
        return principal

    async def _looked_up(self, bearer: Secret[str], text_digest: bytes) -> OperatorPrincipal:
        token_id = row_id_in(TokenKind.API, bearer)
        if token_id is None:
            raise CredentialRefused
        ticket = self.cache.ticket()
        proof = await self.api_tokens.proof(TokenId(token_id))
        if proof is None or not proof.is_proven_by(text_digest):
            raise CredentialRefused
        self.cache.remember(text_digest, proof.principal, ticket, proof.seconds_left)
        return proof.principal
