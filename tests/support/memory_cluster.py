"""A cluster without a network: the objects of the API server for tests, behind our own port."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from plexsphere.managed_push.adapters.cluster_answers import Answer
from plexsphere.managed_push.domain.cluster_access import ClusterAccess
from plexsphere.managed_push.domain.cluster_object import FIELD_MANAGER, ClusterObject
from plexsphere.managed_push.domain.errors import ManagedPushError
from plexsphere.managed_push.ports.cluster import Applied
from plexsphere.platform.kernel.secret import Secret
from tests.kube_api.definitions import Definition, plexd_hook
from tests.kube_api.field_sets import Json
from tests.kube_api.object_store import ObjectStore, Wish
from tests.kube_api.statuses import RefusedError
from tests.kube_api.stored_objects import Key

OURS = Wish(FIELD_MANAGER)
NAMESPACE = "plexd"


@dataclass
class Event:
    """What happens at the nth request of a kind: something before it, and an error in place of its answer."""

    kind: str
    before: Callable[[], object] = lambda: None
    error: ManagedPushError | None = None
    is_lost_after: bool = False


@dataclass
class MemoryCluster:
    """Answers the port `Cluster`; `events` happen to requests of their kind, first come first struck."""

    definition: Definition = field(default_factory=plexd_hook)
    events: list[Event] = field(default_factory=list)
    writes: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    # Who asks is held up: the first event says that he came, the second lets him go on.
    pauses: list[tuple[asyncio.Event, asyncio.Event]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.store = ObjectStore(self.definition)
        self.store.create_namespace(NAMESPACE)

    @asynccontextmanager
    async def session(self, access: ClusterAccess, /) -> AsyncIterator["MemoryCluster"]:
        yield self

    async def get_hook(self, namespace: str, name: str, /) -> ClusterObject | None:
        if self.pauses:
            entered, may_go = self.pauses.pop(0)
            entered.set()
            await may_go.wait()
        event = self._began("get")
        if event.error:
            raise event.error
        answer = _asked(lambda: self.store.get(Key(namespace, name)))
        return None if answer.says_not_found() else answer.hook(namespace, name)

    async def apply_hook(self, body: Mapping[str, Any], /, *, dry_run: bool = False) -> Applied:
        namespace, name = body["metadata"]["namespace"], body["metadata"]["name"]
        wish = Wish(FIELD_MANAGER, is_dry_run=dry_run)
        answer = self._write("apply", lambda: self._applied(Key(namespace, name), dict(body), wish))
        return Applied(answer.hook(namespace, name), answer.status == 201)

    async def delete_hook(self, namespace: str, name: str, uid: str, /) -> None:
        self._write("delete", lambda: (self.store.delete(Key(namespace, name), {"uid": uid}, OURS), 200))

    def _applied(self, key: Key, body: Json, wish: Wish) -> tuple[Json, int]:
        outcome = self.store.apply(key, body, wish)
        if outcome.has_written:
            self.writes.append("apply")
        return outcome.body, 201 if outcome.is_new else 200

    def _write(self, kind: str, write: Callable[[], tuple[Json, int]]) -> Answer:
        event = self._began(kind)
        if event.error and not event.is_lost_after:
            raise event.error
        answer = _written(write)
        if event.error:
            raise event.error
        if answer.is_success:
            self.writes += ["delete"] if kind == "delete" else []
            return answer
        if kind == "delete" and answer.says_not_found():
            return answer
        raise answer.refusal()

    def _began(self, kind: str) -> Event:
        self.requests.append(kind)
        event = next((each for each in self.events if each.kind == kind), Event(kind))
        if event in self.events:
            self.events.remove(event)
        event.before()
        return event


def _asked(ask: Callable[[], Json]) -> Answer:
    return _written(lambda: (ask(), 200))


def _written(write: Callable[[], tuple[Json, int]]) -> Answer:
    try:
        body, code = write()
    except RefusedError as refusal:
        body, code = refusal.status, refusal.code
    return Answer(code, Secret(json.dumps(body).encode()))
