"""The surface's questions about credentials, answered by identity."""

from dataclasses import dataclass

from plexsphere.api.callers import Caller, CallingNode
from plexsphere.identity.application.authenticate_node import AuthenticateNode
from plexsphere.identity.application.authenticate_operator import AuthenticateOperator
from plexsphere.identity.domain.errors import CredentialRefused
from plexsphere.identity.domain.node_identity import NodePrincipal
from plexsphere.identity.domain.principal import OperatorPrincipal
from plexsphere.identity.domain.token_text import digest
from plexsphere.platform.kernel.secret import Secret


@dataclass(frozen=True, slots=True)
class OperatorsBridge:
    """Answers the port `Operators`."""

    authenticate: AuthenticateOperator

    def cached(self, bearer: Secret[str], /) -> Caller | None:
        principal = self.authenticate.cached(bearer)
        return None if principal is None else _calling_operator(principal)

    async def resolve(self, bearer: Secret[str], /) -> Caller | None:
        try:
            principal = await self.authenticate(bearer)
        except CredentialRefused:
            return None
        return _calling_operator(principal)


@dataclass(frozen=True, slots=True)
class NodesBridge:
    """Answers the port `Nodes`."""

    authenticate: AuthenticateNode

    def cached(self, bearer: Secret[str], /) -> CallingNode | None:
        principal = self.authenticate.cache.cached(digest(bearer))
        return None if principal is None else _calling(principal)

    async def resolve(self, bearer: Secret[str], /) -> CallingNode | None:
        try:
            return _calling(await self.authenticate(bearer))
        except CredentialRefused:
            return None


def _calling_operator(principal: OperatorPrincipal) -> Caller:
    return Caller(principal.reference, principal.id, principal.domain_id)


def _calling(principal: NodePrincipal) -> CallingNode:
    return CallingNode(principal.domain_id, principal.node_id, principal.name)
