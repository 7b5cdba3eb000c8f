"""A small deployment of identity's use cases over one kit."""

from uuid import UUID

from plexsphere.identity.application.api_token_uses import ApiTokenUses
from plexsphere.identity.application.authenticate_node import AuthenticateNode
from plexsphere.identity.application.authenticate_operator import AuthenticateOperator
from plexsphere.identity.application.credential_cache import CredentialCache
from plexsphere.identity.application.end_node_identity import EndNodeIdentity
from plexsphere.identity.application.give_node_identity import GiveNodeIdentity
from plexsphere.identity.application.identity_lookups import IdentityLookups
from plexsphere.identity.application.issue_api_token import IssueApiToken
from plexsphere.identity.application.issue_bootstrap_token import IssueBootstrapToken
from plexsphere.identity.application.node_credentials import DrawNodeCredentials
from plexsphere.identity.application.redeem_bootstrap_token import RedeemBootstrapToken
from plexsphere.identity.application.renew_node_identity import RenewNodeIdentity
from plexsphere.identity.application.revoke_api_token import RevokeApiToken
from plexsphere.identity.application.rotate_api_token import RotateApiToken
from plexsphere.identity.domain.bootstrap_token import BootstrapTokenTerms
from plexsphere.identity.domain.enrolment import Admitted, Again, Applicant
from plexsphere.identity.domain.node_identity import NodeCredentials, NodePrincipal
from plexsphere.identity.domain.principal import OperatorPrincipal
from plexsphere.identity.ports.credential_epochs import CredentialEpochs
from plexsphere.platform.kernel.ids import NodeId, PrincipalId
from plexsphere.platform.kernel.secret import Secret
from tests.support.identity import (
    CountingEntropy,
    CountingIds,
    FakeClock,
    FakeSealer,
    Kit,
    a_domain,
    a_project,
    a_user,
)

ACME = a_domain(1, "acme")
SHOP = a_project(10, ACME, "shop")
ADA = a_user(20, ACME)
OPERATOR = PrincipalId(UUID(int=21))


def machine(number: int, key: bytes = b"p" * 32, hostname: str = "web-01") -> Applicant:
    """Return an applicant that would become the node of this number."""
    return Applicant(NodeId(UUID(int=number)), key, hostname)


class Scene:
    """Domain `acme` with Project `shop` and user Ada, and every use case of credentials; time is the scene's."""

    def __init__(self, kit: Kit) -> None:
        self.kit = kit
        self.clock = FakeClock()
        self.sealer = FakeSealer()
        self._entropy = CountingEntropy()
        self._ids = CountingIds(1000)
        draw = DrawNodeCredentials(self._entropy, self.sealer)
        uow, identities, epochs = kit.unit_of_work, kit.node_identities, kit.credential_epochs
        self.issue_bootstrap_token = IssueBootstrapToken(
            uow, kit.projects, kit.bootstrap_tokens, self._ids, self._entropy
        )
        self.redeem = RedeemBootstrapToken(uow, kit.bootstrap_tokens)
        self.give = GiveNodeIdentity(uow, identities, draw)
        self.renew = RenewNodeIdentity(uow, identities, epochs, draw)
        self.end = EndNodeIdentity(uow, identities, epochs)
        self.issue_api_token = IssueApiToken(uow, kit.api_tokens, self._ids, self._entropy)
        self.revoke_api_token = RevokeApiToken(uow, kit.api_tokens, epochs)
        self.rotate_api_token = RotateApiToken(uow, kit.api_tokens, epochs, self._ids, self._entropy)
        self.uses = ApiTokenUses(kit.api_tokens)

    async def set(self) -> None:
        """Put Domain, Project and user in place."""
        await self.kit.domains.add(ACME)
        await self.kit.projects.add(SHOP)
        await self.kit.principals.add(ADA)

    async def ticket(self, terms: BootstrapTokenTerms | None = None) -> Secret[str]:
        """Return the text of a new bootstrap token."""
        issued = await self.issue_bootstrap_token(SHOP.id, OPERATOR, terms or BootstrapTokenTerms())
        return issued.plaintext

    async def enrol(self, token: Secret[str], applicant: Applicant) -> NodeCredentials:
        """Register as the fleet does it: redeem, then give or renew, all in one unit of work."""
        async with self.kit.unit_of_work():
            outcome = await self.redeem(token, applicant)
            if isinstance(outcome, Admitted):
                return await self.give(outcome, applicant)
            assert isinstance(outcome, Again)
            return await self.renew(outcome)

    def node_cache(self, epochs: CredentialEpochs | None = None) -> CredentialCache[NodePrincipal]:
        """Return an empty cache on the scene's clock; epochs of its own make it another process's."""
        return CredentialCache(epochs or self.kit.credential_epochs, self.clock)

    def authenticate_node(self, cache: CredentialCache[NodePrincipal] | None = None) -> AuthenticateNode:
        """Return the use case behind the cache, or behind a new one."""
        identities = self.kit.node_identities
        return AuthenticateNode(
            self.kit.unit_of_work, identities, cache or self.node_cache(), IdentityLookups(identities)
        )

    def operator_cache(self, epochs: CredentialEpochs | None = None) -> CredentialCache[OperatorPrincipal]:
        """Return an empty cache on the scene's clock; epochs of its own make it another process's."""
        return CredentialCache(epochs or self.kit.credential_epochs, self.clock)

    def authenticate_operator(
        self, cache: CredentialCache[OperatorPrincipal] | None = None
    ) -> AuthenticateOperator:
        """Return the use case behind the cache, or behind a new one."""
        return AuthenticateOperator(self.kit.api_tokens, cache or self.operator_cache(), self.uses)
