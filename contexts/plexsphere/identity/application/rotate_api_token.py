"""Use case: replace an API token without a gap."""

from dataclasses import dataclass

from plexsphere.identity.domain.api_token import ROTATION_GRACE, RotatedApiToken
from plexsphere.identity.domain.errors import ApiTokenNotFound
from plexsphere.identity.domain.token_text import SECRET_BYTES, TokenKind, digest, token_text
from plexsphere.identity.ports.api_tokens import ApiTokens
from plexsphere.identity.ports.credential_epochs import CredentialEpochs
from plexsphere.identity.ports.entropy import Entropy
from plexsphere.platform.kernel.ids import MintsIds, PrincipalId, TokenId
from plexsphere.platform.kernel.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class RotateApiToken:
    """
    Return a token that takes over, for as long as the old one was issued for.

    The old one works on for a day at most; it is rotated only once.

    Raises:
        ApiTokenNotFound: the principal has no such live token that was not rotated yet.
        TooManyApiTokens: it holds as many live tokens as one may.
    """

    unit_of_work: UnitOfWork
    api_tokens: ApiTokens
    credential_epochs: CredentialEpochs
    mint_id: MintsIds
    entropy: Entropy

    async def __call__(self, principal_id: PrincipalId, token_id: TokenId) -> RotatedApiToken:
        new_id = TokenId(self.mint_id())
        text = token_text(TokenKind.API, new_id, self.entropy(SECRET_BYTES))
        async with self.unit_of_work():
            retired = await self.api_tokens.retire(principal_id, token_id, ROTATION_GRACE)
            if retired is None:
                raise ApiTokenNotFound(token_id)
            old, deadline = retired
            lifetime = old.expires_at - old.created_at
            token = await self.api_tokens.add(new_id, principal_id, old.env_prefix, lifetime, digest(text))
            # Caches may hold the old token until its former expiry.
            self.credential_epochs.raise_()
        return RotatedApiToken(token, text, deadline)
