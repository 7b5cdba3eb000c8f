"""Use case: give a principal an API token."""

from dataclasses import dataclass
from datetime import timedelta

from plexsphere.identity.domain.api_token import ApiTokenTerms, IssuedApiToken
from plexsphere.identity.domain.token_text import SECRET_BYTES, TokenKind, digest, token_text
from plexsphere.identity.ports.api_tokens import ApiTokens
from plexsphere.identity.ports.entropy import Entropy
from plexsphere.platform.kernel.ids import MintsIds, PrincipalId, TokenId
from plexsphere.platform.kernel.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class IssueApiToken:
    """
    Return a new API token of the principal with its text, of which only the digest is kept.

    Raises:
        IdentityNotFound: no principal has this id.
        TooManyApiTokens: it holds as many live tokens as one may.
    """

    unit_of_work: UnitOfWork
    api_tokens: ApiTokens
    mint_id: MintsIds
    entropy: Entropy

    async def __call__(self, principal_id: PrincipalId, terms: ApiTokenTerms) -> IssuedApiToken:
        token_id = TokenId(self.mint_id())
        text = token_text(TokenKind.API, token_id, self.entropy(SECRET_BYTES))
        lifetime = timedelta(seconds=terms.ttl_seconds)
        async with self.unit_of_work():
            token = await self.api_tokens.add(
                token_id, principal_id, terms.env_prefix, lifetime, digest(text)
            )
        return IssuedApiToken(token, text)
