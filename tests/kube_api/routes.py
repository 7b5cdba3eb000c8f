"""What a path names, and what a query asks for."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from tests.kube_api import statuses
from tests.kube_api.object_store import Wish
from tests.kube_api.statuses import Names, cause
from tests.kube_api.stored_objects import STATUS, Key

# Whatever else is said of `force`, an empty text included, forces.
NOT_FORCED: Final = frozenset({"false", "False", "FALSE", "0"})
LONGEST_MANAGER: Final = 128
APPLY: Final = "application/apply-patch+yaml"
MERGE_PATCH: Final = "application/merge-patch+json"


@dataclass(frozen=True)
class Route:
    """An object, a collection where `name` is empty, or a namespace itself where `plural` is."""

    namespace: str
    plural: str = ""
    name: str = ""
    subresource: str = ""

    @property
    def key(self) -> Key:
        return Key(self.namespace, self.name)


def route_of(path: str, names: Names) -> Route | None:
    """Return what a decoded path names, None where it names nothing: `%2F` parts a path as `/` does."""
    match path.strip("/").split("/"):
        case ["api", "v1", "namespaces"]:
            return Route("")
        case ["api", "v1", "namespaces", namespace]:
            return Route(namespace)
        case ["apis", names.group, names.version, "namespaces", namespace, names.plural, *rest]:
            return _object_route(Route(namespace, names.plural), rest)
    return None


def require_patch_options(content_type: str, query: Mapping[str, str]) -> None:
    """Demand of a patch a sort that there is, and options that go with it."""
    if content_type not in (APPLY, MERGE_PATCH):
        raise statuses.unsupported_media_type()
    manager = query.get("fieldManager", "")
    found = []
    if content_type == APPLY and not manager:
        must = "Required value: is required for apply patch"
        found.append(cause("FieldValueRequired", must, "fieldManager"))
    if content_type != APPLY and "force" in query:
        must = "Forbidden: may not be specified for non-apply patch"
        found.append(cause("FieldValueForbidden", must, "force"))
    if len(manager.encode()) > LONGEST_MANAGER:
        must = f"Too long: may not be more than {LONGEST_MANAGER} bytes"
        found.append(cause("FieldValueTooLong", must, "fieldManager"))
    if found:
        raise statuses.invalid_options(found)


def wish_of(query: Mapping[str, str], user_agent: str, user: str, *, may_create: bool) -> Wish:
    """Return how a write is asked for; who names no manager is called by its program's name."""
    return Wish(
        manager=query.get("fieldManager") or user_agent.partition("/")[0] or "unknown",
        user=user,
        force="force" in query and query["force"] not in NOT_FORCED,
        is_dry_run=query.get("dryRun") == "All",
        may_create=may_create,
    )


def _object_route(collection: Route, rest: list[str]) -> Route | None:
    match rest:
        case []:
            return collection
        case [name]:
            return Route(collection.namespace, collection.plural, name)
        case [name, subresource] if subresource == STATUS:
            return Route(collection.namespace, collection.plural, name, STATUS)
    return None
