"""Who owns which fields of an object, and what an apply or an update does to that."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final

from tests.kube_api.field_sets import NOTHING, FieldSet, Json, Path, decoded, encoded
from tests.kube_api.shapes import Shape
from tests.kube_api.typed_values import compared, fields_of, merged, same, with_named_fields, without

# Nobody owns what names the object.
NAMING: Final[FieldSet] = frozenset(
    {
        ("f:apiVersion",),
        ("f:kind",),
        ("f:metadata",),
        ("f:metadata", "f:name"),
        ("f:metadata", "f:namespace"),
    }
)


class Operation(StrEnum):
    """How a manager came to own fields."""

    APPLY = "Apply"
    UPDATE = "Update"


@dataclass(frozen=True, order=True)
class Owner:
    """A manager by one of its operations: the same name under the other operation is somebody else."""

    operation: Operation
    manager: str
    subresource: str = ""


@dataclass(frozen=True)
class Claim:
    """The fields that an owner holds, and when it last changed something (RFC 3339, UTC)."""

    fields: FieldSet
    time: str


Ownership = Mapping[Owner, Claim]


@dataclass(frozen=True)
class Conflict:
    """A field that somebody else holds."""

    owner: Owner
    path: Path


class ConflictsError(Exception):
    """An apply without force would take fields away from others; nothing is changed."""

    def __init__(self, conflicts: list[Conflict]) -> None:
        super().__init__()
        self.conflicts = conflicts


@dataclass(frozen=True)
class Written:
    """An object's value and who owns what of it."""

    value: Json
    ownership: Ownership


def apply(live: Written, body: Json, owner: Owner, shape: Shape, now: str, *, force: bool) -> Written:
    """
    Return what is there once a manager has applied a body.

    Fields that it applied before and leaves out now are gone, unless others own them too.

    Raises:
        ConflictsError: Others own fields that the body sets to something else, and `force` is not asked for.
    """
    last = live.ownership.get(owner, Claim(NOTHING, now))
    asked = fields_of(body, shape)
    claims = {**live.ownership, owner: Claim(asked, last.time)}
    value = _pruned(merged(live.value, body, shape), last.fields, claims, shape)
    claims = _less_what_changed(claims, owner, live.value, value, shape, force=force)
    is_new = asked - NAMING != last.fields or not same(value, live.value)
    claims[owner] = Claim(asked - NAMING, now if is_new else last.time)
    return Written(value, _held(claims))


def update(live: Written, value: Json, owner: Owner, shape: Shape, now: str) -> Written:
    """Return what is there once a manager has put a value in the place of the other: it owns what it changed."""
    changes = compared(live.value, value, shape)
    touched = changes.added | changes.modified
    claims = _less_what_changed(live.ownership, owner, live.value, value, shape, force=True)
    last = claims.get(owner, Claim(NOTHING, now))
    fields = (last.fields - changes.removed) | (touched - NAMING)
    claims[owner] = Claim(fields, now if touched - NAMING else last.time)
    return Written(value, _held(claims))


def managed_fields(ownership: Ownership, api_version: str) -> list[Json]:
    """Return the ownership as an object's metadata tells it."""
    ordered = sorted(ownership.items(), key=lambda each: (each[0].operation, each[1].time, each[0]))
    return [_entry(owner, claim, api_version) for owner, claim in ordered]


def told_ownership(entries: list[Json]) -> dict[Owner, Claim]:
    """Return the ownership that `managedFields` tells."""
    return {
        Owner(Operation(each["operation"]), each["manager"], each.get("subresource", "")): Claim(
            decoded(each["fieldsV1"]), each["time"]
        )
        for each in entries
    }


def _entry(owner: Owner, claim: Claim, api_version: str) -> Json:
    told: dict[str, Any] = {
        "manager": owner.manager,
        "operation": owner.operation.value,
        "apiVersion": api_version,
        "time": claim.time,
        "fieldsType": "FieldsV1",
        "fieldsV1": encoded(claim.fields),
    }
    return {**told, "subresource": owner.subresource} if owner.subresource else told


def _pruned(value: Json, last: FieldSet, claims: Ownership, shape: Shape) -> Json:
    """Take away what was applied last and is now held by nobody."""
    if not last:
        return value
    held = NOTHING.union(*(claim.fields for claim in claims.values()))
    every = with_named_fields(fields_of(value, shape), shape)
    gone = (every & with_named_fields(last, shape)) - with_named_fields(held, shape)
    return dict(without(value, gone, shape, held))


def _less_what_changed(
    claims: Ownership, owner: Owner, before: Json, after: Json, shape: Shape, *, force: bool
) -> dict[Owner, Claim]:
    """Return the claims less what others lose to this change."""
    changes = compared(before, after, shape)
    taken = changes.added | changes.modified
    conflicts = [
        Conflict(other, path)
        for other, claim in sorted(claims.items(), key=lambda each: each[0])
        for path in sorted(claim.fields & taken)
        if other != owner
    ]
    if conflicts and not force:
        raise ConflictsError(conflicts)
    lost = taken | changes.removed
    return {
        other: claim if other == owner else replace(claim, fields=claim.fields - lost)
        for other, claim in claims.items()
    }


def _held(claims: Ownership) -> dict[Owner, Claim]:
    return {owner: claim for owner, claim in claims.items() if claim.fields}
