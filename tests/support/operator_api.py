"""The operators' API with the real gate, bridges and use cases, over stores in memory."""

import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import httpx

from plexsphere.api.gate import Gate
from plexsphere.composition.bridges.api_tokens import ApiTokensBridge
from plexsphere.composition.bridges.authz import AuthzBridge
from plexsphere.composition.bridges.bootstrap_tokens import BootstrapTokensBridge
from plexsphere.composition.bridges.chains import IdentityChains
from plexsphere.composition.bridges.credentials import OperatorsBridge
from plexsphere.composition.bridges.denials import RecordedDenials
from plexsphere.composition.bridges.domains import DomainsBridge, Settle
from plexsphere.composition.bridges.identities import IdentitiesBridge
from plexsphere.composition.bridges.permissions import PermissionsBridge, PlatformManagersPass
from plexsphere.composition.bridges.projects import ProjectsBridge
from plexsphere.identity.application.api_token_uses import ApiTokenUses
from plexsphere.identity.application.authenticate_operator import AuthenticateOperator
from plexsphere.identity.application.check_permission import CheckPermission
from plexsphere.identity.application.create_domain import CreateDomain
from plexsphere.identity.application.create_project import CreateProject
from plexsphere.identity.application.create_relation_tuple import CreateRelationTuple
from plexsphere.identity.application.create_service_identity import CreateServiceIdentity
from plexsphere.identity.application.credential_cache import CredentialCache
from plexsphere.identity.application.delete_domain import DeleteDomain
from plexsphere.identity.application.delete_project import DeleteProject
from plexsphere.identity.application.delete_relation_tuple import DeleteRelationTuple
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
from plexsphere.identity.application.list_relation_tuples import ListRelationTuples
from plexsphere.identity.application.lookup_resources import LookupResources
from plexsphere.identity.application.lookup_subjects import LookupSubjects
from plexsphere.identity.application.mint_operator import MintOperator
from plexsphere.identity.application.patch_domain import PatchDomain
from plexsphere.identity.application.patch_project import PatchProject
from plexsphere.identity.application.patch_relation_tuple import PatchRelationTuple
from plexsphere.identity.application.revoke_api_token import RevokeApiToken
from plexsphere.identity.application.revoke_bootstrap_token import RevokeBootstrapToken
from plexsphere.identity.application.rotate_api_token import RotateApiToken
from plexsphere.identity.application.tuple_audit import TupleAudit
from plexsphere.identity.domain.pseudonym import Pseudonyms
from plexsphere.platform.ids import mint_id
from plexsphere.platform.kernel.audit import AuditEntry
from plexsphere.platform.kernel.ids import DomainId
from plexsphere.platform.kernel.secret import Secret
from tests.support.api import roomy_limits, surface
from tests.support.authorization import MemoryAuthorizer, MemoryRelationTuples, shipped_schema
from tests.support.identity import FakeClock, FakeMeshes, HeardAnnouncements, MemoryStore, memory_kit

ENTROPY: Final = os.urandom


class CommittedTrail:
    """Keeps what was recorded, once its unit of work has committed."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store
        self.entries: list[AuditEntry] = []
        self.failure: Exception | None = None

    def record(self, entry: AuditEntry) -> None:
        if not self._store.is_open:
            raise RuntimeError("no unit of work is open")
        if self.failure:
            raise self.failure
        self._store.after_commit.append(lambda: self.entries.append(entry))

    def relations(self) -> list[str]:
        """Return what was done, in order."""
        return [entry.relation for entry in self.entries]


@dataclass
class OperatorApi:
    """What a test drives, and what it may look behind."""

    client: httpx.AsyncClient
    store: MemoryStore
    clock: FakeClock
    meshes: FakeMeshes
    trail: CommittedTrail
    tuples: MemoryRelationTuples
    denials: RecordedDenials
    mint: Callable[[], Awaitable[str]]
    admin: str = ""

    async def call(self, method: str, path: str, token: str = "", **options: Any) -> httpx.Response:
        """Send one request; the platform's administrator calls unless another token is given."""
        headers = {"Authorization": f"Bearer {token or self.admin}", **options.pop("headers", {})}
        return await self.client.request(method, path, headers=headers, **options)

    async def made(self, path: str, body: Any, token: str = "") -> dict[str, Any]:
        """Create something and return it."""
        answer = await self.call("POST", path, token, json=body)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    async def domain(self, slug: str = "acme") -> str:
        """Make a Domain and return its id."""
        return str((await self.made("/v1/domains", {"name": slug, "slug": slug}))["id"])

    def only_domain(self) -> UUID:
        """Return the id of the only Domain."""
        [domain_id] = self.store.state.domains
        return domain_id

    def only_project(self) -> UUID:
        """Return the id of the only Project."""
        [project_id] = self.store.state.projects
        return project_id

    async def project(self, domain_id: str, slug: str = "web") -> str:
        """Make a Project and return its id."""
        body = {"domain_id": domain_id, "name": slug, "slug": slug}
        return str((await self.made("/v1/projects", body))["id"])

    async def robot(self, domain_id: str, subject: str = "ci") -> tuple[str, str]:
        """Make a service identity and return its id and a token of its own."""
        body = {
            "display_name": subject,
            "subject": subject,
            "audience": "plexsphere",
            "federation_kind": "api_token",
        }
        robot = await self.made(f"/v1/domains/{domain_id}/service-identities", body)
        token = {"identity_ref": f"service:{robot['id']}", "env_prefix": "dev"}
        return str(robot["id"]), str((await self.made("/v1/admin/tokens", token))["plaintext"])

    async def grant(self, project_id: str, subject: str, relation: str, resource: str) -> dict[str, Any]:
        """Grant a relation and return its tuple."""
        body = {"subject": subject, "relation": relation, "resource": resource}
        return await self.made(f"/v1/authz/relation-tuples?project_id={project_id}", body)


async def nothing_to_settle(_: DomainId) -> None:
    """Leave a Domain as it is: nothing is begun elsewhere."""


async def operator_api(settle: Settle | None = None, **services: Any) -> OperatorApi:
    """Return the API of an empty deployment with one administrator; further services may be given."""
    clock = FakeClock()
    store = MemoryStore(clock)
    kit, meshes, trail = memory_kit(store), FakeMeshes(store), CommittedTrail(store)
    schema = shipped_schema()
    tuples = MemoryRelationTuples(schema)
    plain = MemoryAuthorizer(schema, tuples)
    authorizer = PlatformManagersPass(plain)
    uow, pseudonyms = kit.unit_of_work, Pseudonyms(Secret(b"pepper"))
    get_domain, get_project = GetDomain(kit.domains), GetProject(kit.projects)
    get_principal = GetPrincipal(kit.principals)
    issue_api_token = IssueApiToken(uow, kit.api_tokens, mint_id, ENTROPY)
    denials = RecordedDenials(uow, trail, clock, IdentityChains(get_domain, get_project, get_principal))
    authenticate = AuthenticateOperator(
        kit.api_tokens, CredentialCache(kit.credential_epochs, clock), ApiTokenUses(kit.api_tokens)
    )
    tuple_audit = TupleAudit(trail, tuples)
    built = surface(
        gate=Gate(OperatorsBridge(authenticate), PermissionsBridge(authorizer), denials, roomy_limits()),
        domains=DomainsBridge(
            uow,
            trail,
            CreateDomain(uow, kit.domains, meshes, tuples, mint_id, clock),
            ListDomains(kit.domains),
            get_domain,
            PatchDomain(uow, kit.domains, meshes, kit.credential_epochs, HeardAnnouncements(), clock),
            DeleteDomain(uow, kit.domains, kit.node_identities, meshes, tuples),
            settle or nothing_to_settle,
        ),
        projects=ProjectsBridge(
            uow,
            trail,
            CreateProject(uow, kit.projects, tuples, mint_id, clock),
            ListProjects(kit.projects),
            get_project,
            PatchProject(uow, kit.projects, clock),
            DeleteProject(uow, kit.projects, meshes, tuples),
        ),
        identities=IdentitiesBridge(
            uow,
            trail,
            ListIdentities(kit.principals, pseudonyms),
            GetIdentity(kit.principals, pseudonyms),
            CreateServiceIdentity(uow, kit.principals, pseudonyms, mint_id, clock),
        ),
        api_tokens=ApiTokensBridge(
            uow,
            trail,
            get_principal,
            GetApiToken(kit.api_tokens),
            issue_api_token,
            ListApiTokens(kit.api_tokens),
            RevokeApiToken(uow, kit.api_tokens, kit.credential_epochs),
            RotateApiToken(uow, kit.api_tokens, kit.credential_epochs, mint_id, ENTROPY),
        ),
        bootstrap_tokens=BootstrapTokensBridge(
            uow,
            trail,
            IssueBootstrapToken(uow, kit.projects, kit.bootstrap_tokens, mint_id, ENTROPY),
            ListBootstrapTokens(kit.projects, kit.bootstrap_tokens),
            GetBootstrapToken(kit.bootstrap_tokens),
            RevokeBootstrapToken(uow, kit.bootstrap_tokens),
        ),
        authz=AuthzBridge(
            denials,
            CheckPermission(plain),
            LookupResources(plain),
            LookupSubjects(plain),
            ListRelationTuples(tuples, authorizer),
            CreateRelationTuple(tuples, authorizer, schema, tuple_audit, uow, clock, mint_id),
            PatchRelationTuple(tuples, authorizer, schema, tuple_audit, uow),
            DeleteRelationTuple(tuples, authorizer, schema, tuple_audit, uow),
        ),
        **services,
    )
    mint_operator = MintOperator(uow, kit.principals, issue_api_token, tuples, trail, mint_id, clock)

    async def mint() -> str:
        return (await mint_operator()).plaintext.reveal()

    client = httpx.AsyncClient(transport=httpx.ASGITransport(built.app), base_url="http://plexsphere")
    api = OperatorApi(client, store, clock, meshes, trail, tuples, denials, mint)
    api.admin = await mint()
    trail.entries.clear()
    return api
