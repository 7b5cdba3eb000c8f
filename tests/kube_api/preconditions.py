"""What must hold of an object before a write to it is kept."""

import json
from collections.abc import Mapping
from typing import Final

from tests.kube_api import statuses
from tests.kube_api.definitions import Definition
from tests.kube_api.field_sets import Json
from tests.kube_api.statuses import Names, cause
from tests.kube_api.stored_objects import Key, StoredObject
from tests.kube_api.validation import faults

MOST_BYTES: Final = 1_572_864
BAD_NAME: Final = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.'"
)


def require_named_version(names: Names, live: StoredObject, key: Key, body: Json) -> None:
    """Demand that a body speaks of the very object that is there, and of its newest version where it names one."""
    said = body.get("metadata", {})
    version = said.get("resourceVersion")
    if version == "0":
        must = "Invalid value: 0: must be specified for an update"
        raise statuses.invalid(
            names, key.name, [cause("FieldValueInvalid", must, "metadata.resourceVersion")]
        )
    if version and not str(version).isdigit():
        raise statuses.RefusedError(500, "", f'strconv.ParseUint: parsing "{version}": invalid syntax')
    if version and version != live.resource_version:
        raise statuses.modified(names, key.name)
    changed = [
        cause("FieldValueInvalid", f'Invalid value: "{said[name]}": field is immutable', f"metadata.{name}")
        for name, kept in (("uid", live.uid), ("deletionTimestamp", live.deleted))
        if said.get(name) and said[name] != kept
    ]
    if changed:
        raise statuses.invalid(names, key.name, changed)


def require_a_version(names: Names, key: Key, body: Json) -> None:
    """Demand that a body that replaces the object says which version of it."""
    if not body.get("metadata", {}).get("resourceVersion"):
        must = "Invalid value: 0: must be specified for an update"
        raise statuses.invalid(
            names, key.name, [cause("FieldValueInvalid", must, "metadata.resourceVersion")]
        )


def require_no_uid(names: Names, key: Key, body: Json) -> None:
    """Demand that a body for an absent object does not mean an object that was there."""
    if uid := body["metadata"].get("uid"):
        why = f"the provided object specified uid {uid}, and no existing object was found"
        raise statuses.cannot_be_fulfilled(names, key.name, f"uid mismatch: {why}")


def require_preconditions(names: Names, key: Key, live: StoredObject, asked: Mapping[str, str]) -> None:
    """Demand what a delete demands."""
    for name, word, kept in (
        ("uid", "UID", live.uid),
        ("resourceVersion", "ResourceVersion", live.resource_version),
    ):
        if asked.get(name, kept) != kept:
            told = f"{word} in precondition: {asked[name]}, {word} in object meta: {kept}"
            raise statuses.cannot_be_fulfilled(names, key.name, f"Precondition failed: {told}")


def require_valid(definition: Definition, key: Key, after: StoredObject) -> None:
    """Demand that the name, the schema and the store take the object."""
    found = list(faults(after.content, definition.schema, ""))
    if not key.is_valid_name:
        found.append(cause("FieldValueInvalid", f'Invalid value: "{key.name}": {BAD_NAME}', "metadata.name"))
    if found:
        raise statuses.invalid(definition.names, key.name, found)
    if len(json.dumps(after.told(definition.names.api_version))) > MOST_BYTES:
        raise statuses.RefusedError(500, "", "etcdserver: request is too large")


def require_no_new_finalizer(names: Names, key: Key, live: StoredObject, after: StoredObject) -> None:
    """Demand that nothing more holds an object that is on its way out."""
    more = sorted(set(after.finalizers) - set(live.finalizers))
    if live.deleted and more:
        why = f"Forbidden: no new finalizers can be added if the object is being deleted, found new {more}"
        raise statuses.invalid(names, key.name, [cause("FieldValueForbidden", why, "metadata.finalizers")])
