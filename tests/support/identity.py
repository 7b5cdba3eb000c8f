"""Fakes for identity: collections in memory over one state, with a unit of work that rolls it back."""

import copy
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Final
from uuid import UUID

from plexsphere.identity.domain.api_token import MOST_PER_PRINCIPAL, ApiToken, ApiTokenProof
from plexsphere.identity.domain.bootstrap_token import (
    LOST_ANSWER_WINDOW,
    BootstrapToken,
    BootstrapTokenKind,
    BootstrapTokenTerms,
)
from plexsphere.identity.domain.domain import Domain
from plexsphere.identity.domain.enrolment import Admitted, Again, Applicant, Redemption
from plexsphere.identity.domain.errors import (
    DomainNotFound,
    DomainSlugConflict,
    IdentityNotFound,
    MeshRangeInUse,
    ParentDomainMissing,
    ProjectNotFound,
    ProjectSlugConflict,
    ServiceIdentityAlreadyExists,
    TooManyApiTokens,
)
from plexsphere.identity.domain.node_identity import NodeIdentity, NodePrincipal
from plexsphere.identity.domain.page import Page
from plexsphere.identity.domain.principal import OperatorPrincipal, Principal, PrincipalKind
from plexsphere.identity.domain.project import Project
from plexsphere.identity.domain.reachability_policy import ReachabilityPolicy
from plexsphere.identity.domain.signing_key import SigningKey
from plexsphere.identity.ports.api_tokens import ApiTokens
from plexsphere.identity.ports.bootstrap_tokens import BootstrapTokens
from plexsphere.identity.ports.credential_epochs import CredentialEpochs
from plexsphere.identity.ports.domains import Domains
from plexsphere.identity.ports.node_identities import NodeIdentities
from plexsphere.identity.ports.principals import Principals
from plexsphere.identity.ports.projects import Projects
from plexsphere.identity.ports.sealed_checks import SealedChecks
from plexsphere.identity.ports.signing_keys import SigningKeys
from plexsphere.platform.kernel.audit import AuditEntry
from plexsphere.platform.kernel.events import Announcement
from plexsphere.platform.kernel.ids import DomainId, NodeId, PrincipalId, ProjectId, TokenId
from plexsphere.platform.kernel.mesh_range import MeshRange
from plexsphere.platform.kernel.sealing import Binding, SealBroken
from plexsphere.platform.kernel.secret import Secret
from plexsphere.platform.kernel.subjects import Reference
from plexsphere.platform.kernel.unit_of_work import StoreUnavailable, UnitOfWork

EPOCH: Final = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


class FakeClock:
    """Time that passes only when told to."""

    def __init__(self) -> None:
        self._passed = timedelta()

    def now(self) -> datetime:
        return EPOCH + self._passed

    def monotonic(self) -> float:
        return 1000.0 + self._passed.total_seconds()

    def advance(self, seconds: float) -> None:
        self._passed += timedelta(seconds=seconds)


class CountingIds:
    """Ids 1, 2, 3 and so on."""

    def __init__(self, start: int = 1) -> None:
        self._numbers = count(start)

    def __call__(self) -> UUID:
        return UUID(int=next(self._numbers))


class CountingEntropy:
    """Bytes that look like nothing random, and never repeat."""

    def __init__(self) -> None:
        self._numbers = count(1)

    def __call__(self, size: int, /) -> bytes:
        return next(self._numbers).to_bytes(size, "big")


class FakeSealer:
    """Seals by writing down the key's name and the binding; opens for exactly these."""

    def __init__(self, key: bytes = b"k") -> None:
        self._key = key

    def seal(self, plaintext: Secret[bytes], binding: Binding) -> bytes:
        return self._prefix(binding) + plaintext.reveal()

    def open(self, sealed: bytes, binding: Binding) -> Secret[bytes]:
        prefix = self._prefix(binding)
        if not sealed.startswith(prefix):
            raise SealBroken
        return Secret(sealed[len(prefix) :])

    def _prefix(self, binding: Binding) -> bytes:
        return self._key + b"|" + binding.octets() + b"|"


@dataclass
class MemoryAuditTrail:
    """Keeps what was recorded."""

    entries: list[AuditEntry] = field(default_factory=list)

    def record(self, entry: AuditEntry) -> None:
        self.entries.append(entry)


@dataclass
class StoredApiToken:
    token: ApiToken
    secret_sha256: bytes
    revoked: bool = False


@dataclass
class StoredBootstrapToken:
    token: BootstrapToken
    secret_sha256: bytes


@dataclass
class State:
    """Everything the fakes keep; `is_away` makes each of them unreachable."""

    domains: dict[UUID, Domain] = field(default_factory=dict)
    projects: dict[UUID, Project] = field(default_factory=dict)
    principals: dict[UUID, Principal] = field(default_factory=dict)
    api_tokens: dict[UUID, StoredApiToken] = field(default_factory=dict)
    bootstrap_tokens: dict[UUID, StoredBootstrapToken] = field(default_factory=dict)
    node_identities: dict[UUID, NodeIdentity] = field(default_factory=dict)
    signing_keys: dict[str, SigningKey] = field(default_factory=dict)
    sealed_checks: dict[str, bytes] = field(default_factory=dict)
    relations: set[tuple[Reference, str, Reference]] = field(default_factory=set)
    listed: dict[UUID, int] = field(default_factory=dict)
    meshes: dict[UUID, MeshRange] = field(default_factory=dict)
    log_denied: dict[UUID, bool] = field(default_factory=dict)
    nodes: dict[UUID, tuple[UUID, UUID]] = field(default_factory=dict)
    epoch: int = 1


class MemoryStore:
    """The state, who waits for a commit, and whether it can be reached at all."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.state = State()
        self.after_commit: list[Callable[[], None]] = []
        self.is_open = False
        self.is_away = False
        self.lookups = 0

    def reached(self) -> State:
        self.lookups += 1
        if self.is_away:
            raise StoreUnavailable
        return self.state


class MemoryUnitOfWork:
    """Rolls the state back unless the outermost block is left cleanly."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    @asynccontextmanager
    async def __call__(self) -> AsyncGenerator[None]:
        if self._store.is_open:
            yield
            return
        before = copy.deepcopy(self._store.reached())
        self._store.is_open = True
        try:
            yield
        except BaseException:
            self._store.state = before
            self._store.after_commit.clear()
            raise
        finally:
            self._store.is_open = False
        calls, self._store.after_commit = self._store.after_commit, []
        for call in calls:
            call()


class MemoryDomains:
    """Domains in memory."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    async def add(self, domain: Domain) -> None:
        kept = self._store.reached().domains
        if any(other.slug == domain.slug for other in kept.values()):
            raise DomainSlugConflict(domain.id)
        kept[domain.id] = domain

    async def get(self, domain_id: DomainId) -> Domain | None:
        return self._store.reached().domains.get(domain_id)

    async def claim(self, domain_id: DomainId) -> Domain | None:
        return await self.get(domain_id)

    async def page(self, after: str, limit: int) -> Page[Domain]:
        rows = sorted(self._store.reached().domains.values(), key=lambda domain: domain.slug)
        return Page.cut([domain for domain in rows if domain.slug > after], limit)

    async def reachability_policies(self) -> dict[DomainId, ReachabilityPolicy]:
        return {domain.id: domain.reachability for domain in self._store.reached().domains.values()}

    async def put(self, domain: Domain) -> None:
        self._store.reached().domains[domain.id] = domain

    async def count_children(self, domain_id: DomainId) -> dict[str, int]:
        state = self._store.reached()
        return {
            "projects": sum(project.domain_id == domain_id for project in state.projects.values()),
            "identities": sum(principal.domain_id == domain_id for principal in state.principals.values()),
        }

    async def remove(self, domain_id: DomainId) -> None:
        del self._store.reached().domains[domain_id]


class MemoryProjects:
    """Projects in memory."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    async def add(self, project: Project) -> None:
        state = self._store.reached()
        if project.domain_id not in state.domains:
            raise ParentDomainMissing(project.domain_id)
        if any(self._clashes(other, project) for other in state.projects.values()):
            raise ProjectSlugConflict(project.domain_id)
        state.projects[project.id] = project

    async def get(self, project_id: ProjectId) -> Project | None:
        return self._store.reached().projects.get(project_id)

    async def claim(self, project_id: ProjectId) -> Project | None:
        return await self.get(project_id)

    async def page(
        self, domain_id: DomainId | None, after: tuple[str, ProjectId] | None, limit: int
    ) -> Page[Project]:
        rows = sorted(self._store.reached().projects.values(), key=_place)
        wanted = [row for row in rows if domain_id in (None, row.domain_id)]
        return Page.cut([row for row in wanted if after is None or _place(row) > after], limit)

    async def put(self, project: Project) -> None:
        self._store.reached().projects[project.id] = project

    async def remove(self, project: Project) -> None:
        state = self._store.reached()
        del state.projects[project.id]
        state.bootstrap_tokens = {
            token_id: row
            for token_id, row in state.bootstrap_tokens.items()
            if row.token.project_id != project.id
        }

    def _clashes(self, one: Project, other: Project) -> bool:
        return (one.domain_id, one.slug) == (other.domain_id, other.slug)


def _place(project: Project) -> tuple[str, ProjectId]:
    return project.slug, project.id


class MemoryPrincipals:
    """Principals in memory."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    async def add(self, principal: Principal) -> None:
        state = self._store.reached()
        if principal.domain_id is not None and principal.domain_id not in state.domains:
            raise DomainNotFound(principal.domain_id)
        if principal.external_subject and any(
            (other.domain_id, other.external_subject) == (principal.domain_id, principal.external_subject)
            for other in state.principals.values()
        ):
            raise ServiceIdentityAlreadyExists(principal.domain_id)
        state.principals[principal.id] = principal

    async def get(self, principal_id: PrincipalId) -> Principal | None:
        return self._store.reached().principals.get(principal_id)

    async def page(
        self,
        domain_id: DomainId,
        kinds: Collection[PrincipalKind],
        before: tuple[datetime, PrincipalId] | None,
        limit: int,
    ) -> Page[Principal]:
        rows = sorted(self._store.reached().principals.values(), key=_age, reverse=True)
        wanted = [row for row in rows if row.domain_id == domain_id and row.kind in kinds]
        return Page.cut([row for row in wanted if before is None or _age(row) < before], limit)


def _age(principal: Principal) -> tuple[datetime, PrincipalId]:
    return principal.created_at, principal.id


class MemoryApiTokens:
    """API tokens in memory."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    async def add(
        self,
        token_id: TokenId,
        principal_id: PrincipalId,
        env_prefix: str,
        lifetime: timedelta,
        secret_sha256: bytes,
    ) -> ApiToken:
        state, now = self._store.reached(), self._store.clock.now()
        if principal_id not in state.principals:
            raise IdentityNotFound(principal_id)
        if len(await self.of(principal_id)) >= MOST_PER_PRINCIPAL:
            raise TooManyApiTokens(principal_id)
        token = ApiToken(token_id, principal_id, env_prefix, now, now + lifetime)
        state.api_tokens[token_id] = StoredApiToken(token, secret_sha256)
        return token

    async def get(self, token_id: TokenId) -> ApiToken | None:
        row = self._live(token_id)
        return None if row is None else row.token

    async def of(self, principal_id: PrincipalId) -> tuple[ApiToken, ...]:
        live = [row.token for token_id in self._store.reached().api_tokens if (row := self._live(token_id))]
        mine = [token for token in live if token.principal_id == principal_id]
        return tuple(sorted(mine, key=lambda token: (token.created_at, token.id)))

    async def proof(self, token_id: TokenId) -> ApiTokenProof | None:
        row = self._live(token_id)
        if row is None:
            return None
        owner = self._store.state.principals[row.token.principal_id]
        left = (row.token.expires_at - self._store.clock.now()).total_seconds()
        principal = OperatorPrincipal(owner.id, owner.domain_id, owner.kind, token_id)
        return ApiTokenProof(principal, row.secret_sha256, left)

    async def revoke(self, principal_id: PrincipalId, token_id: TokenId) -> bool:
        row = self._live(token_id)
        if row is None or row.token.principal_id != principal_id:
            return False
        row.revoked = True
        return True

    async def retire(
        self, principal_id: PrincipalId, token_id: TokenId, grace: timedelta
    ) -> tuple[ApiToken, datetime] | None:
        row, now = self._live(token_id), self._store.clock.now()
        if row is None or row.token.principal_id != principal_id or row.token.rotated_at is not None:
            return None
        old = row.token
        row.token = replace(old, rotated_at=now, expires_at=min(old.expires_at, now + grace))
        return old, row.token.expires_at

    async def mark_used(self, token_ids: Collection[TokenId]) -> None:
        now = self._store.clock.now()
        for token_id in token_ids:
            row = self._store.reached().api_tokens.get(token_id)
            if row and (row.token.last_used_at or datetime.min.replace(tzinfo=UTC)) <= now - timedelta(
                minutes=1
            ):
                row.token = replace(row.token, last_used_at=now)

    def _live(self, token_id: UUID) -> StoredApiToken | None:
        row = self._store.reached().api_tokens.get(token_id)
        if row is None or row.revoked or row.token.expires_at <= self._store.clock.now():
            return None
        return row


class MemoryBootstrapTokens:
    """Bootstrap tokens in memory."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    async def add(
        self,
        token_id: TokenId,
        project: Project,
        issued_by: PrincipalId,
        terms: BootstrapTokenTerms,
        secret_sha256: bytes,
    ) -> BootstrapToken:
        state, now = self._store.reached(), self._store.clock.now()
        if project.id not in state.projects:
            raise ProjectNotFound(project.id)
        token = BootstrapToken(
            id=token_id,
            domain_id=project.domain_id,
            project_id=project.id,
            kind=BootstrapTokenKind(terms.kind),
            env_prefix=terms.env_prefix,
            labels=dict(terms.labels),
            issued_at=now,
            issued_by=issued_by,
            expires_at=now + timedelta(seconds=terms.ttl_seconds),
        )
        state.bootstrap_tokens[token_id] = StoredBootstrapToken(token, secret_sha256)
        return token

    async def get(self, project_id: ProjectId, token_id: TokenId) -> BootstrapToken | None:
        row = self._store.reached().bootstrap_tokens.get(token_id)
        return row.token if row and row.token.project_id == project_id else None

    async def page(self, project: Project, after: TokenId | None, limit: int) -> Page[BootstrapToken]:
        tokens = [row.token for row in self._store.reached().bootstrap_tokens.values()]
        mine = sorted((t for t in tokens if t.project_id == project.id), key=lambda token: token.id)
        return Page.cut([token for token in mine if after is None or token.id > after], limit)

    async def revoke(self, project_id: ProjectId, token_id: TokenId) -> bool:
        token = await self.get(project_id, token_id)
        if token is None or token.consumed_at or token.revoked_at:
            return False
        self._keep(replace(token, revoked_at=self._store.clock.now()))
        return True

    async def redeem(self, token_id: TokenId, applicant: Applicant) -> Redemption | None:
        row, now = self._store.reached().bootstrap_tokens.get(token_id), self._store.clock.now()
        if row is None or row.token.consumed_at or row.token.revoked_at or row.token.expires_at <= now:
            return None
        token = row.token
        self._keep(replace(token, consumed_at=now, consumed_by=applicant.node_id))
        admitted = Admitted(token.domain_id, token.project_id, token.kind, token.labels, token.id)
        return Redemption(admitted, row.secret_sha256)

    async def redeemed(self, token_id: TokenId, applicant: Applicant) -> Redemption | None:
        state = self._store.reached()
        row = state.bootstrap_tokens.get(token_id)
        if row is None or row.token.consumed_at is None or row.token.consumed_by is None:
            return None
        identity = state.node_identities.get(row.token.consumed_by)
        if (
            identity is None
            or identity.is_used
            or identity.is_ended
            or row.token.consumed_at <= self._store.clock.now() - LOST_ANSWER_WINDOW
            or (identity.public_key, identity.hostname) != (applicant.public_key, applicant.hostname)
        ):
            return None
        return Redemption(Again(identity.domain_id, identity.node_id), row.secret_sha256)

    def _keep(self, token: BootstrapToken) -> None:
        self._store.state.bootstrap_tokens[token.id].token = token


class MemoryNodeIdentities:
    """Node identities in memory."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    async def add(self, identity: NodeIdentity) -> None:
        self._store.reached().node_identities[identity.node_id] = identity

    async def find(self, node_id: NodeId) -> NodeIdentity | None:
        return self._store.reached().node_identities.get(node_id)

    async def find_all(self, node_ids: Sequence[NodeId]) -> Sequence[NodeIdentity]:
        known = self._store.reached().node_identities
        return [known[node_id] for node_id in node_ids if node_id in known]

    async def find_by_nsk(self, nsk_sha256: bytes) -> NodeIdentity | None:
        state = self._store.reached()
        for identity in state.node_identities.values():
            if identity.kept.nsk_sha256 == nsk_sha256 and state.domains[identity.domain_id].accept_nsk_bearer:
                return identity
        return None

    async def claim_unused(self, domain_id: DomainId, node_id: NodeId) -> NodeIdentity | None:
        identity = self._of(domain_id, node_id)
        return None if identity is None or identity.is_used or identity.is_ended else identity

    async def put_credentials(self, identity: NodeIdentity) -> None:
        self._store.reached().node_identities[identity.node_id] = identity

    async def mark_used(self, principal: NodePrincipal, text_digest: bytes) -> bool:
        identity = await self.claim_unused(principal.domain_id, principal.node_id)
        if identity is None or text_digest not in (identity.kept.token_sha256, identity.kept.nsk_sha256):
            return False
        await self.put_credentials(replace(identity, is_used=True))
        return True

    async def end(self, domain_id: DomainId, node_id: NodeId) -> bool:
        identity = self._of(domain_id, node_id)
        if identity is None or identity.is_ended:
            return False
        await self.put_credentials(replace(identity, is_ended=True))
        return True

    async def forget_domain(self, domain_id: DomainId) -> None:
        kept = self._store.reached().node_identities
        for node_id in [node_id for node_id, row in kept.items() if row.domain_id == domain_id]:
            del kept[node_id]

    def _of(self, domain_id: DomainId, node_id: NodeId) -> NodeIdentity | None:
        identity = self._store.reached().node_identities.get(node_id)
        return identity if identity and identity.domain_id == domain_id else None


class MemoryCredentialEpochs:
    """The revocation counter in memory."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store
        self._followers: list[Callable[[], None]] = []

    async def read(self) -> int:
        return self._store.reached().epoch

    def raise_(self) -> None:
        if not self._store.is_open:
            raise RuntimeError("no unit of work is open")
        self._store.state.epoch += 1
        self._store.after_commit.extend(self._followers)

    def follow(self, call: Callable[[], None]) -> None:
        self._followers.append(call)


class MemorySigningKeys:
    """Signing keys in memory."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    async def add_current(self, key: SigningKey) -> bool:
        kept = self._store.reached().signing_keys
        return kept.setdefault("current", key) is key

    async def current(self) -> SigningKey | None:
        return self._store.reached().signing_keys.get("current")

    async def previous(self) -> SigningKey | None:
        key = self._store.reached().signing_keys.get("previous")
        if key is None or key.transition_expires is None:
            return None
        return key if key.transition_expires > self._store.clock.now() else None


class MemorySealedChecks:
    """The self-check in memory."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    async def settle(self, purpose: str, sealed: bytes) -> bytes:
        return self._store.reached().sealed_checks.setdefault(purpose, sealed)


class FakeMeshes:
    """The fleet as tenancy sees it; `place` puts a node into a Project."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    def place(self, node_id: UUID, domain_id: UUID, project_id: UUID) -> None:
        self._store.state.nodes[node_id] = (domain_id, project_id)

    async def open(self, domain_id: DomainId, mesh_range: MeshRange, *, log_denied: bool) -> None:
        self._store.reached().meshes[domain_id] = mesh_range
        self._store.reached().log_denied[domain_id] = log_denied

    async def note_denied(self, domain_id: DomainId, *, log_denied: bool) -> None:
        self._store.reached().log_denied[domain_id] = log_denied

    async def change_range(self, domain_id: DomainId, mesh_range: MeshRange) -> None:
        if await self.count_nodes(domain_id, None):
            raise MeshRangeInUse(domain_id)
        self._store.reached().meshes[domain_id] = mesh_range

    async def close(self, domain_id: DomainId) -> None:
        del self._store.reached().meshes[domain_id]

    async def count_nodes(self, domain_id: DomainId, project_id: ProjectId | None) -> int:
        places = self._store.reached().nodes.values()
        return sum(place[0] == domain_id and project_id in (None, place[1]) for place in places)


class MemoryRelations:
    """Relations in memory."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    async def relate(self, subject: Reference, relation: str, target: Reference, /) -> None:
        self._store.reached().relations.add((subject, relation, target))

    async def unrelate_object(self, target: Reference, /) -> None:
        state = self._store.reached()
        state.relations = {row for row in state.relations if row[2] != target}

    async def claim_listed(self, project_id: ProjectId, /) -> int:
        return self._store.reached().listed.get(project_id, 0)


@dataclass(frozen=True)
class Kit:
    """Every collection of identity over one store, whichever it is, and the passing of that store's time."""

    unit_of_work: UnitOfWork
    domains: Domains
    projects: Projects
    principals: Principals
    api_tokens: ApiTokens
    bootstrap_tokens: BootstrapTokens
    node_identities: NodeIdentities
    credential_epochs: CredentialEpochs
    signing_keys: SigningKeys
    sealed_checks: SealedChecks
    let_time_pass: Callable[[float], Awaitable[None]]


def memory_kit(store: MemoryStore) -> Kit:
    """Return the fakes over one store."""

    async def let_time_pass(seconds: float) -> None:
        store.clock.advance(seconds)

    return Kit(
        unit_of_work=MemoryUnitOfWork(store),
        domains=MemoryDomains(store),
        projects=MemoryProjects(store),
        principals=MemoryPrincipals(store),
        api_tokens=MemoryApiTokens(store),
        bootstrap_tokens=MemoryBootstrapTokens(store),
        node_identities=MemoryNodeIdentities(store),
        credential_epochs=MemoryCredentialEpochs(store),
        signing_keys=MemorySigningKeys(store),
        sealed_checks=MemorySealedChecks(store),
        let_time_pass=let_time_pass,
    )


def a_domain(number: int, slug: str, accept_nsk_bearer: bool = False) -> Domain:
    """Return a Domain with this number as its id."""
    return Domain(
        id=DomainId(UUID(int=number)),
        slug=slug,
        name=slug.title(),
        mesh_range=MeshRange.parse("10.100.0.0/16"),
        created_at=EPOCH,
        updated_at=EPOCH,
        accept_nsk_bearer=accept_nsk_bearer,
    )


def a_project(number: int, domain: Domain, slug: str) -> Project:
    """Return a Project with this number as its id."""
    return Project(domain.id, ProjectId(UUID(int=number)), slug, slug.title(), EPOCH, EPOCH)


def a_user(number: int, domain: Domain | None = None) -> Principal:
    """Return a user with this number as its id."""
    domain_id = None if domain is None else domain.id
    return Principal(PrincipalId(UUID(int=number)), domain_id, PrincipalKind.USER, "Ada", EPOCH, EPOCH)


class HeardAnnouncements:
    """Keeps what was announced."""

    def __init__(self) -> None:
        self.rows: list[Announcement] = []

    def announce(self, rows: Iterable[Announcement]) -> None:
        self.rows.extend(rows)
