"""
Sets of fields as an API server tells them in `managedFields` (`fieldsV1`).

A set is a mapping: `f:` names a field, `k:` an entry of a list by its keys, `v:` a value of a set, and `.` the
container itself. An empty mapping stands for everything below.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

FieldSet = Mapping[str, Any]

ITSELF: Final = "."
FIELD: Final = "f:"
KEYS: Final = "k:"
VALUE: Final = "v:"


def extracted(value: Any, fields: FieldSet) -> Any:
    """Return what the set names of a value; what the value lacks is left out."""
    if not fields:
        return value
    if isinstance(value, dict):
        return {name: extracted(value[name], below) for name, below in _named(value, fields)}
    if isinstance(value, list):
        return [_entry(entry, key, below) for key, entry, below in _entries(value, fields)]
    return value


def without(value: Any, ours: FieldSet, others: FieldSet) -> Any:
    """Return the value as it would be without the fields that are in `ours` alone; no `others` have nothing."""
    if isinstance(value, dict):
        gone = {name for name, _ in _named(value, ours) if FIELD + name not in others}
        shared = {name: below for name, below in _named(value, ours) if name not in gone}
        return {
            name: _without_shared(each, shared[name], others[FIELD + name]) if name in shared else each
            for name, each in value.items()
            if name not in gone
        }
    if isinstance(value, list):
        return [kept for entry in value for kept in _kept(entry, ours, others)]
    return value


def union(one: FieldSet, other: FieldSet) -> FieldSet:
    """Return the set of what either names; whole values stay whole."""
    both = {
        key: union(one[key], other[key]) if one[key] and other[key] else {} for key in one if key in other
    }
    return {**one, **other, **both}


def _named(value: dict[str, Any], fields: FieldSet) -> Iterator[tuple[str, FieldSet]]:
    for key, below in fields.items():
        name = key.removeprefix(FIELD)
        if key.startswith(FIELD) and name in value:
            yield name, below


def _entries(value: list[Any], fields: FieldSet) -> Iterator[tuple[str, Any, FieldSet]]:
    for entry in value:
        for key, below in fields.items():
            if _names(key, entry):
                yield key, entry, below


def _names(key: str, entry: Any) -> bool:
    if key.startswith(VALUE):
        return bool(json.loads(key.removeprefix(VALUE)) == entry)
    if not key.startswith(KEYS) or not isinstance(entry, dict):
        return False
    keys = json.loads(key.removeprefix(KEYS))
    return all(entry.get(name) == value for name, value in keys.items())


def _entry(entry: Any, key: str, below: FieldSet) -> Any:
    # An entry of a list is found by its keys: without them the server could not tell which one is meant.
    keys = json.loads(key.removeprefix(KEYS)) if key.startswith(KEYS) else {}
    found = extracted(entry, below)
    return {**keys, **found} if isinstance(found, dict) else found


def _kept(entry: Any, ours: FieldSet, others: FieldSet) -> list[Any]:
    [mine, theirs] = [next((key for key in fields if _names(key, entry)), None) for fields in (ours, others)]
    if mine is None:
        return [entry]
    return [] if theirs is None else [_without_shared(entry, ours[mine], others[theirs])]


def _without_shared(value: Any, ours: FieldSet, others: FieldSet) -> Any:
    # An empty set below a name that others have is everything below it: they keep it whole.
    return without(value, ours, others) if others else value
