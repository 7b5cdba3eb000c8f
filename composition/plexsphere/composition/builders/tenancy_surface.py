"""What answers the surfaces of tenancy: Domains, Projects, identities, tokens and permissions."""

from dataclasses import dataclass

from plexsphere.composition.bridges.api_tokens import ApiTokensBridge
from plexsphere.composition.bridges.authz import AuthzBridge
from plexsphere.composition.bridges.bootstrap_tokens import BootstrapTokensBridge
from plexsphere.composition.bridges.chains import IdentityChains
from plexsphere.composition.bridges.denials import RecordedDenials
from plexsphere.composition.bridges.domains import DomainsBridge, Settle
from plexsphere.composition.bridges.identities import IdentitiesBridge
from plexsphere.composition.bridges.permissions import PlatformManagersPass
from plexsphere.composition.bridges.placed_tuples import PlacedTuples
from plexsphere.composition.bridges.projects import ProjectsBridge
from plexsphere.composition.builders.authorization import Authorization
from plexsphere.composition.builders.platform import PlatformParts
from plexsphere.composition.builders.tenancy import Tenancy
from plexsphere.identity.application.check_permission import CheckPermission
from plexsphere.identity.application.create_relation_tuple import CreateRelationTuple
from plexsphere.identity.application.delete_relation_tuple import DeleteRelationTuple
from plexsphere.identity.application.list_relation_tuples import ListRelationTuples
from plexsphere.identity.application.lookup_resources import LookupResources
from plexsphere.identity.application.lookup_subjects import LookupSubjects
from plexsphere.identity.application.patch_relation_tuple import PatchRelationTuple
from plexsphere.identity.application.tuple_audit import TupleAudit
from plexsphere.platform.ids import mint_id


@dataclass(frozen=True, slots=True)
class TenancySurface:
    """Builds the bridges to identity."""

    platform: PlatformParts
    authorization: Authorization
    tenancy: Tenancy

    def domains(self, settle: Settle) -> DomainsBridge:
        """Return what answers the surface of Domains."""
        tenancy = self.tenancy
        return DomainsBridge(
            self.authorization.unit_of_work,
            self.platform.trail,
            tenancy.create_domain,
            tenancy.list_domains,
            tenancy.get_domain,
            tenancy.patch_domain,
            tenancy.delete_domain,
            settle,
        )

    def projects(self) -> ProjectsBridge:
        """Return what answers the surface of Projects."""
        tenancy = self.tenancy
        return ProjectsBridge(
            self.authorization.unit_of_work,
            self.platform.trail,
            tenancy.create_project,
            tenancy.list_projects,
            tenancy.get_project,
            tenancy.patch_project,
            tenancy.delete_project,
        )

    def identities(self) -> IdentitiesBridge:
        """Return what answers the surface of identities."""
        tenancy = self.tenancy
        return IdentitiesBridge(
            self.platform.database,
            self.platform.trail,
            tenancy.list_identities,
            tenancy.get_identity,
            tenancy.create_service_identity,
        )

    def api_tokens(self) -> ApiTokensBridge:
        """Return what answers the surfaces of API tokens."""
        tenancy = self.tenancy
        return ApiTokensBridge(
            self.platform.database,
            self.platform.trail,
            tenancy.get_principal,
            tenancy.get_api_token,
            tenancy.issue_api_token,
            tenancy.list_api_tokens,
            tenancy.revoke_api_token,
            tenancy.rotate_api_token,
        )

    def bootstrap_tokens(self) -> BootstrapTokensBridge:
        """Return what answers the surface of bootstrap tokens."""
        tenancy = self.tenancy
        return BootstrapTokensBridge(
            self.platform.database,
            self.platform.trail,
            tenancy.issue_bootstrap_token,
            tenancy.list_bootstrap_tokens,
            tenancy.get_bootstrap_token,
            tenancy.revoke_bootstrap_token,
        )

    def authz(self, denials: RecordedDenials, chains: IdentityChains) -> AuthzBridge:
        """Return what answers the surface of permissions and relation tuples."""
        authorization, clock = self.authorization, self.platform.clock
        authorizer, schema, writing = (
            authorization.authorizer,
            authorization.schema,
            authorization.unit_of_work,
        )
        tuples = PlacedTuples(authorization.tuples, chains)
        audit = TupleAudit(self.platform.trail, tuples)
        passing = PlatformManagersPass(authorizer)
        return AuthzBridge(
            denials,
            CheckPermission(authorizer),
            LookupResources(authorizer),
            LookupSubjects(authorizer),
            ListRelationTuples(tuples, passing),
            CreateRelationTuple(tuples, passing, schema, audit, writing, clock, mint_id),
            PatchRelationTuple(tuples, passing, schema, audit, writing),
            DeleteRelationTuple(tuples, passing, schema, audit, writing),
        )
