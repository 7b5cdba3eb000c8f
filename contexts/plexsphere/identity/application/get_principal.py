"""Use case: find a principal wherever it belongs."""

from dataclasses import dataclass

from plexsphere.identity.domain.errors import IdentityNotFound
from plexsphere.identity.domain.principal import Principal
from plexsphere.identity.ports.principals import Principals
from plexsphere.platform.kernel.ids import PrincipalId


@dataclass(frozen=True, slots=True)
class GetPrincipal:
    """
    Return the principal, whose Domain says who may act on its tokens.

    Raises:
        IdentityNotFound: no principal has this id.
    """

    principals: Principals

    async def __call__(self, principal_id: PrincipalId) -> Principal:
        principal = await self.principals.get(principal_id)
        if principal is None:
            raise IdentityNotFound(principal_id)
        return principal
