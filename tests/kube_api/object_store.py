"""The objects of one resource, and what every write makes of them."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import count
from uuid import uuid4

from tests.kube_api import ownership, statuses
from tests.kube_api.bodies import applied_content, content_of, merge_patched, require_fit
from tests.kube_api.definitions import Definition
from tests.kube_api.field_sets import Json
from tests.kube_api.ownership import ConflictsError, Operation, Owner, Written
from tests.kube_api.preconditions import (
    require_a_version,
    require_named_version,
    require_no_new_finalizer,
    require_no_uid,
    require_preconditions,
    require_valid,
)
from tests.kube_api.statuses import Names
from tests.kube_api.stored_objects import STATUS, Key, StoredObject
from tests.kube_api.typed_values import same
from tests.kube_api.validation import defaulted, pruned


@dataclass(frozen=True)
class Wish:
    """How a write is asked for: under which manager, by which user."""

    manager: str
    user: str = ""
    force: bool = False
    is_dry_run: bool = False
    may_create: bool = True


@dataclass(frozen=True)
class Outcome:
    """What a write came to: the object as the answer shows it, whether it is new, and whether anything changed."""

    body: Json
    is_new: bool = False
    has_written: bool = False


def system_time() -> datetime:
    """Return what the machine's clock shows."""
    return datetime.now(UTC)


@dataclass
class ObjectStore:
    """Keeps the objects of one resource in memory. A refused write changes nothing."""

    definition: Definition
    clock: Callable[[], datetime] = system_time
    objects: dict[Key, StoredObject] = field(default_factory=dict)
    # By name, and whether it is on its way out.
    namespaces: dict[str, bool] = field(default_factory=lambda: {"default": False})
    _versions: Iterator[int] = field(default_factory=lambda: count(101))

    @property
    def names(self) -> Names:
        return self.definition.names

    def get(self, key: Key) -> Json:
        """Return an object; refused where there is none."""
        return self._told(self._existing(key))

    def list_objects(self, namespace: str) -> Json:
        """Return the objects of a namespace."""
        found = [
            each
            for key, each in sorted(self.objects.items(), key=lambda each: each[0])
            if key.namespace == namespace
        ]
        versions = [int(each.resource_version) for each in self.objects.values()]
        return {
            "apiVersion": self.names.api_version,
            "kind": f"{self.names.kind}List",
            "metadata": {"continue": "", "resourceVersion": str(max(versions, default=100))},
            "items": [self._told(each) for each in found],
        }

    def apply(self, key: Key, body: Json, wish: Wish) -> Outcome:
        """Server-Side Apply: the body's fields are the manager's, and no others any more."""
        require_fit(self.definition, key, body)
        content = applied_content(self.definition, key, body)
        live = self.objects.get(key)
        if live is None:
            self._require_place(key, wish)
            require_no_uid(self.names, key, body)
        before = live or self._blank(key)
        written = self._applied(before, content, wish)
        after = replace(before, content=self._filled(written.value), ownership=written.ownership)
        return self._keep(key, live, after, body, wish)

    def create(self, key: Key, body: Json, wish: Wish) -> Outcome:
        """Put an object where none is; its fields are the manager's as an update."""
        require_fit(self.definition, key, body)
        self._require_place(key, wish)
        if key in self.objects:
            raise statuses.already_exists(self.names, key.name)
        return self._put(key, None, body, wish)

    def replace(self, key: Key, body: Json, wish: Wish) -> Outcome:
        """Put another value in the object's place; what changes is the manager's from now on."""
        live = self._existing(key)
        require_fit(self.definition, key, body)
        require_a_version(self.names, key, body)
        return self._put(key, live, body, wish)

    def merge_patch(self, key: Key, patch: Json, wish: Wish) -> Outcome:
        """Change what a merge patch names; what changes is the manager's from now on."""
        live = self._existing(key)
        body = merge_patched(self._told(live), patch)
        require_fit(self.definition, key, body)
        return self._put(key, live, body, wish)

    def replace_status(self, key: Key, body: Json, wish: Wish) -> Outcome:
        """Change the status and nothing else."""
        require_a_version(self.names, key, body)
        return self._put_status(key, body, wish)

    def merge_patch_status(self, key: Key, patch: Json, wish: Wish) -> Outcome:
        """Change what a merge patch names of the status, and nothing else."""
        return self._put_status(key, merge_patched(self._told(self._existing(key)), patch), wish)

    def delete(self, key: Key, preconditions: Mapping[str, str], wish: Wish) -> Json:
        """Take the object away, or mark it where a finalizer holds it; return the Status or the object."""
        live = self._existing(key)
        require_preconditions(self.names, key, live, preconditions)
        if not live.finalizers:
            if not wish.is_dry_run:
                del self.objects[key]
            return statuses.deleted(self.names, key.name, live.uid)
        if live.deleted:
            return self._told(live)
        marked = replace(live, deleted=self._now(), generation=live.generation + 1)
        return self._keep(key, live, marked, {}, wish).body

    def create_namespace(self, name: str) -> None:
        """Have a namespace; refused where there is one of that name."""
        if name in self.namespaces:
            raise statuses.namespace_already_exists(name)
        self.namespaces[name] = False

    def is_ending(self, namespace: str) -> bool:
        """Return whether a namespace is on its way out; refused where there is none."""
        if namespace not in self.namespaces:
            raise statuses.namespace_not_found(namespace)
        return self.namespaces[namespace]

    def delete_namespace(self, name: str) -> None:
        """Delete what lies in a namespace, and the namespace itself once no finalizer holds anything in it."""
        if not self.is_ending(name):
            self.namespaces[name] = True
        for key in [key for key in self.objects if key.namespace == name]:
            self.delete(key, {}, Wish("namespace-controller"))
        self._end_namespaces()

    def _put(self, key: Key, live: StoredObject | None, body: Json, wish: Wish) -> Outcome:
        before = live or self._blank(key)
        said = content_of(key, body)
        # What a schema says nothing of is dropped, but for the metadata: their schema is the server's own.
        content = self._filled(pruned(said, self.definition.schema) | {"metadata": said["metadata"]})
        written = self._updated(before, content, Owner(Operation.UPDATE, wish.manager))
        after = replace(before, content=written.value, ownership=written.ownership)
        return self._keep(key, live, after, body, wish)

    def _put_status(self, key: Key, body: Json, wish: Wish) -> Outcome:
        live = self._existing(key)
        before = replace(live, content={STATUS: live.status} if live.status is not None else {})
        after = {STATUS: body[STATUS]} if body.get(STATUS) is not None else {}
        written = self._updated(before, after, Owner(Operation.UPDATE, wish.manager, STATUS))
        told = replace(live, status=body.get(STATUS), ownership=written.ownership)
        return self._keep(key, live, told, body, wish)

    def _applied(self, live: StoredObject, content: Json, wish: Wish) -> Written:
        before, owner = Written(live.content, live.ownership), Owner(Operation.APPLY, wish.manager)
        try:
            return ownership.apply(
                before, content, owner, self.definition.shape, self._now(), force=wish.force
            )
        except ConflictsError as refusal:
            raise statuses.field_conflicts(refusal.conflicts, self.names.api_version) from None

    def _updated(self, live: StoredObject, content: Json, owner: Owner) -> Written:
        before = Written(live.content, live.ownership)
        return ownership.update(before, content, owner, self.definition.shape, self._now())

    def _keep(
        self, key: Key, live: StoredObject | None, after: StoredObject, body: Json, wish: Wish
    ) -> Outcome:
        """Keep an object that stands every check, unless nothing changed or nothing is to be kept."""
        if live:
            require_named_version(self.names, live, key, body)
            require_no_new_finalizer(self.names, key, live, after)
        require_valid(self.definition, key, after)
        if live and live.is_as(after):
            return Outcome(self._told(live))
        if live and not same(live.spec, after.spec):
            after = replace(after, generation=live.generation + 1)
        if not wish.is_dry_run:
            after = replace(after, resource_version=str(next(self._versions)))
            self._commit(key, after)
        return Outcome(self._told(after), is_new=live is None, has_written=not wish.is_dry_run)

    def _commit(self, key: Key, after: StoredObject) -> None:
        self.objects[key] = after
        if after.deleted and not after.finalizers:
            del self.objects[key]
            self._end_namespaces()

    def _require_place(self, key: Key, wish: Wish) -> None:
        if not wish.may_create:
            raise statuses.may_not(self.names, key.name, wish.user, "create", key.namespace)
        if self.is_ending(key.namespace):
            raise statuses.namespace_ends(self.names, key.name, key.namespace)

    def _existing(self, key: Key) -> StoredObject:
        if (found := self.objects.get(key)) is None:
            raise statuses.not_found(self.names, key.name)
        return found

    def _blank(self, key: Key) -> StoredObject:
        metadata = {"name": key.name, "namespace": key.namespace}
        content = {"apiVersion": self.names.api_version, "kind": self.names.kind, "metadata": metadata}
        return StoredObject(content, {}, str(uuid4()), self._now())

    def _filled(self, content: Json) -> Json:
        return dict(defaulted(content, self.definition.schema))

    def _told(self, stored: StoredObject) -> Json:
        return stored.told(self.names.api_version)

    def _now(self) -> str:
        return self.clock().strftime("%Y-%m-%dT%H:%M:%SZ")

    def _end_namespaces(self) -> None:
        held = {key.namespace for key in self.objects}
        self.namespaces = {
            name: is_ending for name, is_ending in self.namespaces.items() if not is_ending or name in held
        }
