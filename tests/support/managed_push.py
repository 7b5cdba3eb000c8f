"""Fakes for managed push: its collections in memory over one state, and the values that tests begin with."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from plexsphere.managed_push.adapters.aes_gcm_sealer import KeyRing
from plexsphere.managed_push.domain.cluster_object import APPLY, FIELD_MANAGER, ClusterObject
from plexsphere.managed_push.domain.errors import DomainNotFound
from plexsphere.managed_push.domain.intent import Author, Deed, Intent
from plexsphere.managed_push.domain.record import Record
from plexsphere.managed_push.domain.request import Request
from plexsphere.managed_push.domain.target import Target
from plexsphere.managed_push.ports.journal import Journal
from plexsphere.managed_push.ports.records import Records
from plexsphere.managed_push.ports.targets import Targets
from plexsphere.platform.kernel.ids import DomainId, PushId
from plexsphere.platform.kernel.secret import Secret
from plexsphere.platform.kernel.unit_of_work import UnitOfWork
from tests.support.identity import EPOCH, FakeClock
from tests.support.memory_unit_of_work import MemoryUnitOfWork

DOMAIN: Final = DomainId(UUID(int=0xD0))
OTHER_DOMAIN: Final = DomainId(UUID(int=0xD1))
UNKNOWN_DOMAIN: Final = DomainId(UUID(int=0x404))
AUTHOR: Final = Author("user:00000000-0000-0000-0000-0000000000a0", "c-1")
RING: Final = KeyRing(Secret(b"c" * 32))
SERVER: Final = "https://cluster.example:6443"
FINGERPRINT: Final = "ab" * 32
DIGEST: Final = f"sha256:{'0' * 64}"
LONGEST_PAUSE: Final = timedelta(hours=1)

Place = tuple[DomainId, str, str, str]


@dataclass(frozen=True)
class StoredIntent:
    """An intent, how long it is its writer's, and how long it is left alone then."""

    intent: Intent
    leased_until: datetime
    left_alone_until: datetime
    takeovers: int = 0

    def taken(self, now: datetime, lease: timedelta) -> "StoredIntent":
        pause = min(lease * 2**self.takeovers, LONGEST_PAUSE)
        return replace(self, left_alone_until=now + pause, takeovers=self.takeovers + 1)


@dataclass
class PushState:
    """Everything the fakes keep."""

    domains: set[DomainId] = field(default_factory=lambda: {DOMAIN, OTHER_DOMAIN})
    targets: dict[DomainId, Target] = field(default_factory=dict)
    records: dict[PushId, Record] = field(default_factory=dict)
    intents: dict[Place, StoredIntent] = field(default_factory=dict)

    def copy(self) -> "PushState":
        return PushState(set(self.domains), dict(self.targets), dict(self.records), dict(self.intents))

    def require(self, domain_id: DomainId) -> None:
        if domain_id not in self.domains:
            raise DomainNotFound(domain_id)

    def forget(self, domain_id: DomainId) -> None:
        """Delete a Domain with all that belongs to it."""
        self.domains.discard(domain_id)
        self.targets.pop(domain_id, None)
        self.records = {key: row for key, row in self.records.items() if row.domain_id != domain_id}
        self.intents = {key: row for key, row in self.intents.items() if key[0] != domain_id}


class PushStore:
    """The state, the time in it, and whether a unit of work is open."""

    def __init__(self, clock: FakeClock | None = None) -> None:
        self.clock = clock or FakeClock()
        self.state = PushState()
        self.is_open = False


class MemoryTargets:
    """Targets in memory."""

    def __init__(self, store: PushStore) -> None:
        self._store = store

    async def get(self, domain_id: DomainId, /) -> Target | None:
        return self._store.state.targets.get(domain_id)

    async def put(self, target: Target, /) -> Target:
        state = self._store.state
        state.require(target.domain_id)
        former = state.targets.get(target.domain_id, target)
        state.targets[target.domain_id] = replace(target, created_at=former.created_at)
        return state.targets[target.domain_id]

    async def remove(self, domain_id: DomainId, /) -> bool:
        return self._store.state.targets.pop(domain_id, None) is not None


class MemoryRecords:
    """The trail in memory."""

    def __init__(self, store: PushStore) -> None:
        self._store = store

    async def get(self, domain_id: DomainId, push_id: PushId, /) -> Record | None:
        record = self._store.state.records.get(push_id)
        return record if record is not None and record.domain_id == domain_id else None

    async def add(self, record: Record, /) -> None:
        self._store.state.require(record.domain_id)
        self._store.state.records[record.id] = record

    async def roll_back(self, record: Record, /) -> bool:
        kept = await self.get(record.domain_id, record.id)
        if kept is None or not kept.can_roll_back():
            return False
        self._store.state.records[kept.id] = replace(kept, rolled_back_at=record.rolled_back_at)
        return True

    async def has_newer(self, record: Record, /) -> bool:
        # The state keeps its rows in the order of their coming.
        rows = list(self._store.state.records.values())
        place = next((place for place, row in enumerate(rows) if row.id == record.id), len(rows))
        return any(row.can_roll_back() and _is_of(row, record) for row in rows[place + 1 :])


class MemoryJournal:
    """The journal in memory; its leases run by the store's clock."""

    def __init__(self, store: PushStore) -> None:
        self._store = store

    async def open(self, intent: Intent, lease: timedelta, /) -> bool:
        self._store.state.require(intent.domain_id)
        if _place(intent) in self._store.state.intents:
            return False
        until = self._now + lease
        self._store.state.intents[_place(intent)] = StoredIntent(intent, until, until)
        return True

    async def capture(self, intent: Intent, prior_state: ClusterObject | None, /) -> Intent | None:
        row = self._row(intent)
        if row is None or row.leased_until <= self._now:
            return None
        captured = replace(row.intent, is_captured=True, prior_state=prior_state)
        self._store.state.intents[_place(intent)] = replace(row, intent=captured)
        return captured

    async def close(self, intent: Intent, /) -> bool:
        if self._row(intent) is None:
            return False
        del self._store.state.intents[_place(intent)]
        return True

    async def take_overdue(self, limit: int, lease: timedelta, /) -> Sequence[Intent]:
        every = sorted(self._store.state.intents.values(), key=lambda row: row.left_alone_until)
        due = [row for row in every if row.left_alone_until <= self._now][:limit]
        for row in due:
            self._store.state.intents[_place(row.intent)] = row.taken(self._now, lease)
        return [row.intent for row in due]

    async def overdue_at(self, intent: Intent, /) -> Intent | None:
        row = self._store.state.intents.get(_place(intent))
        return row.intent if row is not None and row.leased_until <= self._now else None

    async def overdue_of(self, domain_id: DomainId, limit: int, /) -> Sequence[Intent]:
        rows = [row for row in self._of(domain_id) if row.leased_until <= self._now]
        return [row.intent for row in sorted(rows, key=lambda row: row.leased_until)[:limit]]

    async def has_live(self, domain_id: DomainId, /) -> bool:
        return any(row.leased_until > self._now for row in self._of(domain_id))

    @property
    def _now(self) -> datetime:
        return self._store.clock.now()

    def _row(self, intent: Intent) -> StoredIntent | None:
        row = self._store.state.intents.get(_place(intent))
        return row if row is not None and _deed(row.intent) == _deed(intent) else None

    def _of(self, domain_id: DomainId) -> list[StoredIntent]:
        return [row for key, row in self._store.state.intents.items() if key[0] == domain_id]


def _is_of(one: Record, other: Record) -> bool:
    return (one.domain_id, one.request.place) == (other.domain_id, other.request.place)


def _place(intent: Intent) -> Place:
    return intent.domain_id, intent.api_server_url, *intent.request.place


def _deed(intent: Intent) -> tuple[PushId, Deed]:
    return intent.push_id, intent.deed


@dataclass(frozen=True)
class ManagedPushKit:
    """The collections of managed push over one store, whichever it is; `DOMAIN` and `OTHER_DOMAIN` exist."""

    unit_of_work: UnitOfWork
    targets: Targets
    records: Records
    journal: Journal
    forget_domain: Callable[[DomainId], Awaitable[None]]
    let_time_pass: Callable[[float], Awaitable[None]]


def memory_managed_push(store: PushStore) -> ManagedPushKit:
    """Return the fakes over one store."""

    async def forget_domain(domain_id: DomainId) -> None:
        store.state.forget(domain_id)

    async def let_time_pass(seconds: float) -> None:
        store.clock.advance(seconds)

    return ManagedPushKit(
        unit_of_work=MemoryUnitOfWork(store),
        targets=MemoryTargets(store),
        records=MemoryRecords(store),
        journal=MemoryJournal(store),
        forget_domain=forget_domain,
        let_time_pass=let_time_pass,
    )


def a_target(domain_id: DomainId = DOMAIN, *, ciphertext: bytes = b"s" * 28, enabled: bool = True) -> Target:
    """Return what a Domain attached."""
    return Target(domain_id, ciphertext, FINGERPRINT, SERVER, enabled, EPOCH, EPOCH)


def a_request(
    name: str = "backup",
    *,
    namespace: str = "plexd",
    digest: str = DIGEST,
    parameters: Mapping[str, str] | None = None,
    timeout_seconds: int = 30,
    sandbox: bool = True,
) -> Request:
    """Return a request that Kubernetes takes."""
    given = {"mode": "full"} if parameters is None else parameters
    return Request.of(namespace, name, digest, given, timeout_seconds, sandbox=sandbox)


def a_cluster_object(
    request: Request | None = None,
    *,
    uid: str = "uid-1",
    resource_version: str = "1",
    manager: str = FIELD_MANAGER,
    **content: Any,
) -> ClusterObject:
    """Return the object as a cluster holds it after one manager applied the request; `content` adds to it."""
    made = (request or a_request()).rendered()
    metadata = {
        **made["metadata"],
        "uid": uid,
        "resourceVersion": resource_version,
        "generation": 1,
        "managedFields": [_managed(manager, made["spec"])],
    }
    return ClusterObject.of({**made, "metadata": metadata, **content})


def _managed(manager: str, spec: Mapping[str, Any]) -> dict[str, Any]:
    fields: dict[str, Any] = {
        f"f:{name}": {f"f:{key}": {} for key in value} if isinstance(value, dict) else {}
        for name, value in spec.items()
    }
    return {
        "manager": manager,
        "operation": APPLY,
        "apiVersion": "hooks.plexd.io/v1alpha1",
        "fieldsType": "FieldsV1",
        "fieldsV1": {"f:spec": fields},
    }


def a_record(
    number: int = 1,
    request: Request | None = None,
    *,
    domain_id: DomainId = DOMAIN,
    prior_state: ClusterObject | None = None,
    pushed_after: float = 0,
) -> Record:
    """Return a push of this number, so many seconds after the epoch of the tests."""
    return Record(
        id=PushId(UUID(int=number)),
        domain_id=domain_id,
        request=request or a_request(),
        prior_state=prior_state,
        object_uid="uid-1",
        kubeconfig_sha256=FINGERPRINT,
        api_server_url=SERVER,
        pushed_at=EPOCH + timedelta(seconds=pushed_after),
    )


def an_intent(
    number: int = 1,
    request: Request | None = None,
    *,
    domain_id: DomainId = DOMAIN,
    deed: Deed = Deed.PUSH,
) -> Intent:
    """Return the intent of a push of this number."""
    return Intent(
        push_id=PushId(UUID(int=number)),
        deed=deed,
        domain_id=domain_id,
        request=request or a_request(),
        author=AUTHOR,
        kubeconfig_sha256=FINGERPRINT,
        api_server_url=SERVER,
    )
