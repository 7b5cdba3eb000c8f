"""The half of identity that operators work with: Domains, Projects, principals, tokens and tuples."""

import secrets
from dataclasses import dataclass

from plexsphere.composition.bridges.meshes import MeshesBridge
from plexsphere.composition.builders.authorization import Authorization
from plexsphere.composition.builders.credentials import Credentials
from plexsphere.composition.builders.platform import PlatformParts
from plexsphere.composition.builders.views import Views
from plexsphere.fleet.application.change_mesh_range import ChangeMeshRange
from plexsphere.fleet.application.close_mesh import CloseMesh
from plexsphere.fleet.application.count_nodes import CountNodes
from plexsphere.fleet.application.note_denied_packets import NoteDeniedPackets
from plexsphere.fleet.application.open_mesh import OpenMesh
from plexsphere.identity.adapters.postgres.domains import PostgresDomains
from plexsphere.identity.adapters.postgres.principals import PostgresPrincipals
from plexsphere.identity.adapters.postgres.projects import PostgresProjects
from plexsphere.identity.application.create_domain import CreateDomain
from plexsphere.identity.application.create_project import CreateProject
from plexsphere.identity.application.create_service_identity import CreateServiceIdentity
from plexsphere.identity.application.delete_domain import DeleteDomain
from plexsphere.identity.application.delete_project import DeleteProject
from plexsphere.identity.application.get_api_token import GetApiToken
from plexsphere.identity.application.get_bootstrap_token import GetBootstrapToken
from plexsphere.identity.application.get_domain import GetDomain
from plexsphere.identity.application.get_identity import GetIdentity
from plexsphere.identity.application.get_principal import GetPrincipal
from plexsphere.identity.application.get_project import GetProject
from plexsphere.identity.application.issue_api_token import IssueApiToken
from plexsphere.identity.application.issue_bootstrap_token import IssueBootstrapToken
from plexsphere.identity.application.list_api_tokens import ListApiTokens
from plexsphere.identity.application.list_bootstrap_tokens import ListBootstrapTokens
from plexsphere.identity.application.list_domains import ListDomains
from plexsphere.identity.application.list_identities import ListIdentities
from plexsphere.identity.application.list_projects import ListProjects
from plexsphere.identity.application.mint_operator import MintOperator
from plexsphere.identity.application.patch_domain import PatchDomain
from plexsphere.identity.application.patch_project import PatchProject
from plexsphere.identity.application.revoke_api_token import RevokeApiToken
from plexsphere.identity.application.revoke_bootstrap_token import RevokeBootstrapToken
from plexsphere.identity.application.rotate_api_token import RotateApiToken
from plexsphere.identity.domain.pseudonym import Pseudonyms
from plexsphere.platform.ids import mint_id
from plexsphere.platform.kernel.secret import Secret
from plexsphere.platform.sealing import derive_key

PEPPER: str = "identity pseudonyms"


@dataclass(frozen=True, slots=True)
class Tenancy:
    """Use cases of tenancy and of operators' credentials."""

    create_domain: CreateDomain
    list_domains: ListDomains
    get_domain: GetDomain
    patch_domain: PatchDomain
    delete_domain: DeleteDomain
    create_project: CreateProject
    list_projects: ListProjects
    get_project: GetProject
    patch_project: PatchProject
    delete_project: DeleteProject
    create_service_identity: CreateServiceIdentity
    list_identities: ListIdentities
    get_identity: GetIdentity
    get_principal: GetPrincipal
    mint_operator: MintOperator
    issue_api_token: IssueApiToken
    get_api_token: GetApiToken
    list_api_tokens: ListApiTokens
    revoke_api_token: RevokeApiToken
    rotate_api_token: RotateApiToken
    issue_bootstrap_token: IssueBootstrapToken
    list_bootstrap_tokens: ListBootstrapTokens
    get_bootstrap_token: GetBootstrapToken
    revoke_bootstrap_token: RevokeBootstrapToken


def build_tenancy(
    platform: PlatformParts,
    credentials: Credentials,
    authorization: Authorization,
    views: Views,
    wrap_key: Secret[bytes],
) -> Tenancy:
    """Return tenancy, joined to fleet's meshes."""
    database, clock, relations = platform.database, platform.clock, authorization.tuples
    domains, projects = PostgresDomains(database), PostgresProjects(database)
    principals = PostgresPrincipals(database)
    pseudonyms = Pseudonyms(derive_key(wrap_key, PEPPER))
    meshes = _meshes(platform, views)
    api_tokens, epochs = credentials.api_tokens, credentials.epochs
    bootstrap_tokens = credentials.bootstrap_tokens
    issue_api_token = IssueApiToken(database, api_tokens, mint_id, secrets.token_bytes)
    return Tenancy(
        create_domain=CreateDomain(database, domains, meshes, relations, mint_id, clock),
        list_domains=ListDomains(domains),
        get_domain=GetDomain(domains),
        patch_domain=PatchDomain(database, domains, meshes, epochs, platform.inbox, clock),
        delete_domain=DeleteDomain(database, domains, credentials.node_identities, meshes, relations),
        create_project=CreateProject(database, projects, relations, mint_id, clock),
        list_projects=ListProjects(projects),
        get_project=GetProject(projects),
        patch_project=PatchProject(database, projects, clock),
        delete_project=DeleteProject(database, projects, meshes, relations),
        create_service_identity=CreateServiceIdentity(database, principals, pseudonyms, mint_id, clock),
        list_identities=ListIdentities(principals, pseudonyms),
        get_identity=GetIdentity(principals, pseudonyms),
        get_principal=GetPrincipal(principals),
        mint_operator=MintOperator(
            authorization.unit_of_work,
            principals,
            issue_api_token,
            relations,
            platform.trail,
            mint_id,
            clock,
        ),
        issue_api_token=issue_api_token,
        get_api_token=GetApiToken(api_tokens),
        list_api_tokens=ListApiTokens(api_tokens),
        revoke_api_token=RevokeApiToken(database, api_tokens, epochs),
        rotate_api_token=RotateApiToken(database, api_tokens, epochs, mint_id, secrets.token_bytes),
        issue_bootstrap_token=IssueBootstrapToken(
            database, projects, bootstrap_tokens, mint_id, secrets.token_bytes
        ),
        list_bootstrap_tokens=ListBootstrapTokens(projects, bootstrap_tokens),
        get_bootstrap_token=GetBootstrapToken(bootstrap_tokens),
        revoke_bootstrap_token=RevokeBootstrapToken(database, bootstrap_tokens),
    )


def _meshes(platform: PlatformParts, views: Views) -> MeshesBridge:
    database = platform.database
    return MeshesBridge(
        OpenMesh(database, views.meshes),
        ChangeMeshRange(database, views.meshes),
        NoteDeniedPackets(database, views.take_turn, views.meshes, platform.inbox),
        CloseMesh(database, views.meshes),
        CountNodes(views.nodes),
    )
