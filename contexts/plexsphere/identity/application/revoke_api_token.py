"""Use case: take an API token back."""

from dataclasses import dataclass

from plexsphere.identity.domain.errors import ApiTokenNotFound
from plexsphere.identity.ports.api_tokens import ApiTokens
from plexsphere.identity.ports.credential_epochs import CredentialEpochs
from plexsphere.platform.kernel.ids import PrincipalId, TokenId
from plexsphere.platform.kernel.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class RevokeApiToken:
    """
    Make the principal's API token worthless: here at once, everywhere within two seconds (design D9).

    Raises:
        ApiTokenNotFound: the principal has no such live token.
    """

    unit_of_work: UnitOfWork
    api_tokens: ApiTokens
    credential_epochs: CredentialEpochs

    async def __call__(self, principal_id: PrincipalId, token_id: TokenId) -> None:
        async with self.unit_of_work():
            if not await self.api_tokens.revoke(principal_id, token_id):
                raise ApiTokenNotFound(token_id)
            self.credential_epochs.raise_()
