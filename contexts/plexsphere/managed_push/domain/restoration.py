"""The bodies that bring a captured state back (managed-push.md, Rollback semantics)."""

from collections.abc import Mapping
from typing import Any, Final

from plexsphere.managed_push.domain.cluster_object import ClusterObject
from plexsphere.managed_push.domain.field_set import extracted
from plexsphere.managed_push.domain.request import naming

NOT_APPLIED: Final = ("apiVersion", "kind", "metadata", "status")
KEPT_METADATA: Final = ("labels", "annotations")


def owned_before(prior: ClusterObject, uid: str) -> dict[str, Any]:
    """
    Return what restores the captured values and, with them, the ownership of every field.

    It holds just the fields that we owned then. Applying more would make us co-owner of what belongs to others; what we
    do not apply any more goes away, or stays with whoever else owns it. The uid keeps a deleted object deleted.
    """
    return _body(prior, extracted(prior.content, prior.ours) if prior.ours is not None else {}, {"uid": uid})


def given_up_since(prior: ClusterObject, now: ClusterObject) -> dict[str, Any]:
    """Return the same, and with it the captured values that nobody but us owns now."""
    return _body(prior, _owned_and_left(prior, now), {"uid": now.uid})


def all_values(prior: ClusterObject) -> dict[str, Any]:
    """Return the captured values for an object that is to be made anew."""
    return _body(prior, _values(prior), {})


def is_restored(prior: ClusterObject, now: ClusterObject) -> bool:
    """Tell whether what we own now is what one of these bodies would have left us with."""
    return now.owned in (prior.owned, _values(prior), _owned_and_left(prior, now))


def _owned_and_left(prior: ClusterObject, now: ClusterObject) -> dict[str, Any]:
    return _merged(_unowned(_values(prior), now.others), prior.owned)


def _values(prior: ClusterObject) -> dict[str, Any]:
    values = {name: value for name, value in prior.content.items() if name not in NOT_APPLIED}
    metadata = {name: prior.metadata[name] for name in KEPT_METADATA if name in prior.metadata}
    return {**values, "metadata": metadata} if metadata else values


def _body(prior: ClusterObject, values: Mapping[str, Any], guard: Mapping[str, str]) -> dict[str, Any]:
    named = naming(prior.metadata["namespace"], prior.metadata["name"])
    metadata = {**values.get("metadata", {}), **named["metadata"], **guard}
    return {**values, **named, "metadata": metadata}


def _unowned(value: Mapping[str, Any], others: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, each in value.items():
        theirs = others.get(f"f:{name}")
        if theirs is None:
            found[name] = each
        elif theirs and isinstance(each, dict):
            found[name] = _unowned(each, theirs)
    return found


def _merged(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    both = {
        name: _merged(one[name], other[name])
        for name in one
        if name in other and isinstance(one[name], dict) and isinstance(other[name], dict)
    }
    return {**one, **other, **both}
