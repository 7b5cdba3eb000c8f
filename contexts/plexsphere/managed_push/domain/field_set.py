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
MOST_KEYS: Final = 16


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
        return list(_kept_entries(value, ours, others))
    return value


def union(one: FieldSet, other: FieldSet) -> FieldSet:
    """Return the set of what either names; whole values stay whole."""
    both = {
        key: union(one[key], other[key]) if one[key] and other[key] else {} for key in one if key in other
    }
    return {**one, **other, **both}


def require_field_set(fields: Any) -> None:
    """
    Return if this is a set of fields.

    Raises:
        ValueError: it is not, or the entries of one of its lists are named by different keys.
    """
    waiting = [fields]
    while waiting:
        level = waiting.pop()
        if not isinstance(level, dict):
            raise ValueError("a set of fields is made of sets of fields")
        if len({_kind(key) for key in level} - {FIELD}) > 1:
            raise ValueError("entries of a list are named alike")
        waiting += level.values()


def _kind(key: str) -> str:
    if not key.startswith(KEYS):
        return FIELD if key == ITSELF else key[: len(FIELD)]
    keys = json.loads(key.removeprefix(KEYS))
    if not isinstance(keys, dict) or len(keys) > MOST_KEYS:
        raise ValueError("an entry of a list is named by its few keys")
    return _canonical(list(keys))


def _named(value: dict[str, Any], fields: FieldSet) -> Iterator[tuple[str, FieldSet]]:
    for key, below in fields.items():
        name = key.removeprefix(FIELD)
        if key.startswith(FIELD) and name in value:
            yield name, below


def _entries(value: list[Any], fields: FieldSet) -> Iterator[tuple[str, Any, FieldSet]]:
    for key, entry in zip(_keys_of(value, fields), value, strict=True):
        if key is not None:
            yield key, entry, fields[key]


def _keys_of(value: list[Any], fields: FieldSet) -> Iterator[str | None]:
    # Looked up, never compared one by one: a cluster may tell of very many entries, and of very many keys.
    named = {_canonical(json.loads(key[len(KEYS) :])): key for key in fields if key.startswith((KEYS, VALUE))}
    by = json.loads(next(iter(named))) if named else None
    names = list(by) if isinstance(by, dict) else []
    for entry in value:
        told = {name: entry.get(name) for name in names} if names and isinstance(entry, dict) else entry
        yield named.get(_canonical(told))


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def _entry(entry: Any, key: str, below: FieldSet) -> Any:
    # An entry of a list is found by its keys: without them the server could not tell which one is meant.
    keys = json.loads(key.removeprefix(KEYS)) if key.startswith(KEYS) else {}
    found = extracted(entry, below)
    return {**keys, **found} if isinstance(found, dict) else found


def _kept_entries(value: list[Any], ours: FieldSet, others: FieldSet) -> Iterator[Any]:
    mine, theirs = _keys_of(value, ours), _keys_of(value, others)
    for entry, own, foreign in zip(value, mine, theirs, strict=True):
        if own is None:
            yield entry
        elif foreign is not None:
            yield _without_shared(entry, ours[own], others[foreign])


def _without_shared(value: Any, ours: FieldSet, others: FieldSet) -> Any:
    # An empty set below a name that others have is everything below it: they keep it whole.
    return without(value, ours, others) if others else value
