"""What a body sets, and whether it fits the URL it was sent to."""

from typing import Any, Final

from tests.kube_api import statuses
from tests.kube_api.definitions import Definition
from tests.kube_api.field_sets import Json
from tests.kube_api.stored_objects import STATUS, Key
from tests.kube_api.validation import untyped_parts

# What the server alone says of an object: a body that repeats it sets nothing by that.
SERVERS_OWN: Final = frozenset(
    {
        "uid",
        "resourceVersion",
        "generation",
        "creationTimestamp",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
        "selfLink",
        "managedFields",
    }
)


def require_fit(definition: Definition, key: Key, body: Json) -> None:
    """Demand that a body is of the kind, the name and the namespace that its URL names."""
    names = definition.names
    if (body.get("apiVersion"), body.get("kind")) != (names.api_version, names.kind):
        told = f"{body.get('apiVersion')}, Kind={body.get('kind')}"
        raise statuses.bad_request(f"invalid object type: {told}")
    metadata = body.get("metadata")
    if not isinstance(metadata, dict) or not metadata.get("name"):
        raise statuses.bad_request("metadata.name: name is required")
    if metadata["name"] != key.name:
        told = f"({metadata['name']}) does not match the name on the URL ({key.name})"
        raise statuses.bad_request(f"the name of the object {told}")
    if metadata.get("namespace", key.namespace) != key.namespace:
        why = "does not match the namespace sent on the request"
        raise statuses.bad_request(f"the namespace of the provided object {why}")


def content_of(key: Key, body: Json) -> Json:
    """Return what a body sets: nothing that the server alone says, nor the status, which is a subresource."""
    metadata = {name: value for name, value in body["metadata"].items() if name not in SERVERS_OWN}
    named = {**metadata, "name": key.name, "namespace": key.namespace}
    return {name: value for name, value in {**body, "metadata": named}.items() if name != STATUS}


def applied_content(definition: Definition, key: Key, body: Json) -> Json:
    """Return what an applied body sets; refused where it cannot be taken apart."""
    if body["metadata"].get("managedFields") is not None:
        raise statuses.bad_request("metadata.managedFields must be nil")
    content = content_of(key, body)
    for fault in untyped_parts(content, definition.shape):
        raise statuses.untyped(definition.names, key.name, key.namespace, fault)
    return content


def merge_patched(value: Any, patch: Any) -> Any:
    """Return the value with a merge patch (RFC 7386) in it; null takes away."""
    if not isinstance(patch, dict):
        return patch
    found = dict(value) if isinstance(value, dict) else {}
    for name, inner in patch.items():
        if inner is None:
            found.pop(name, None)
        else:
            found[name] = merge_patched(found.get(name), inner)
    return found
