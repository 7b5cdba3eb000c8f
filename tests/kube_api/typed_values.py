"""Values with a shape: which fields they set, how two are merged and compared, and what is left of one."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from tests.kube_api.field_sets import NOTHING, FieldSet, Path, below, field
from tests.kube_api.shapes import ANYTHING, Fields, Items, Shape, resolved

ABSENT: Final = object()


@dataclass(frozen=True)
class Comparison:
    """The fields in which a value differs from the one before."""

    added: FieldSet
    modified: FieldSet
    removed: FieldSet


def same(one: object, other: object) -> bool:
    """Whether two JSON values are equal; true is not 1."""
    return one is other or json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def fields_of(value: Any, shape: Shape) -> FieldSet:
    """Return the fields that a value sets."""
    return frozenset(_fields_of(value, shape, ()))


def merged(live: Any, applied: Any, shape: Shape) -> Any:
    """Return the live value with everything that is applied put in."""
    match resolved(shape, applied):
        case Fields(is_atomic=False) as fields if isinstance(live, dict) and isinstance(applied, dict):
            return live | {
                name: merged(live.get(name), value, fields.shape_of(name) or ANYTHING)
                for name, value in applied.items()
            }
        case Items(is_atomic=False) as items if isinstance(live, list) and isinstance(applied, list):
            return _merged_items(live, applied, items)
    return applied


def compared(before: Any, after: Any, shape: Shape) -> Comparison:
    """Return what was added, modified and removed between two values of one shape."""
    found: dict[str, set[Path]] = {"added": set(), "modified": set(), "removed": set()}
    for change, path in _changes(before, after, shape, ()):
        found[change].add(path)
    return Comparison(**{change: frozenset(paths) for change, paths in found.items()})


def without(value: Any, gone: FieldSet, shape: Shape, claimed: FieldSet = NOTHING) -> Any:
    """Return the value less these fields; a map of which nothing is left stays only where it is claimed itself."""
    if not gone or not value:
        return value
    match resolved(shape, value):
        case Fields(is_atomic=False) as fields:
            kept = {
                name: _without_below(field(name), inner, gone, fields.shape_of(name) or ANYTHING, claimed)
                for name, inner in value.items()
                if (field(name),) not in gone
            }
            return {name: inner for name, inner in kept.items() if inner is not ABSENT} or ABSENT
        case Items(is_atomic=False) as items:
            remaining = [(items.element_of(item), item) for item in value]
            left = [
                _without_below(element, item, gone, items.each, claimed)
                for element, item in remaining
                if (element,) not in gone
            ]
            return [item for item in left if item is not ABSENT] or ABSENT
    return value


def extracted(value: Any, fields: FieldSet, shape: Shape) -> Any:
    """Return no more of a value than these fields, and the keys of the entries they lie in."""
    every = fields_of(value, shape)
    kept = every & fields
    needed = {path[:length] for path in kept for length in range(1, len(path))}
    keys = {path for path in every if path[:-1] in needed and _is_key(path)}
    left = without(value, every - kept - needed - keys, shape)
    return {} if left is ABSENT else left


def with_named_fields(fields: FieldSet, shape: Shape) -> FieldSet:
    """Return the set, and with every path those before it that end in a field its schema declares."""
    return fields | {
        path[:length]
        for path in fields
        for length in range(1, len(path))
        if _is_declared(path[:length], shape)
    }


def _without_below(element: str, value: Any, gone: FieldSet, shape: Shape, claimed: FieldSet) -> Any:
    left = without(value, below(gone, element), shape, below(claimed, element))
    return {} if left is ABSENT and isinstance(value, dict) and (element,) in claimed else left


def _fields_of(value: Any, shape: Shape, at: Path) -> Iterator[Path]:
    match resolved(shape, value):
        case Fields(is_atomic=False) as fields if isinstance(value, dict):
            for name, inner in value.items():
                here = (*at, field(name))
                yield from _fields_of(inner, fields.shape_of(name) or ANYTHING, here)
                if name not in fields.declared or inner == {}:
                    yield here
        case Items(is_atomic=False) as items if isinstance(value, list):
            for item in value:
                here = (*at, items.element_of(item))
                yield from _fields_of(item, items.each, here)
                yield here
        case _:
            yield at


def _merged_items(live: list[Any], applied: list[Any], items: Items) -> list[Any]:
    """Return the applied entries in their order; those of others come before the entry that they came before."""
    theirs = {items.element_of(item): item for item in live}
    ours = {items.element_of(item): item for item in applied}
    waiting, shared = list(theirs), [element for element in ours if element in theirs]
    found = []
    for element, item in ours.items():
        while waiting and waiting[0] not in shared[:1]:
            passed = waiting.pop(0)
            if passed not in ours:
                found.append(theirs[passed])
        if element in shared[:1]:
            waiting, shared = waiting[1:], shared[1:]
        found.append(merged(theirs.get(element), item, items.each))
    return found + [theirs[each] for each in waiting if each not in ours]


def _changes(before: Any, after: Any, shape: Shape, at: Path) -> Iterator[tuple[str, Path]]:
    change = "added" if before is ABSENT else "removed" if after is ABSENT else ""
    children = _children(before, after, shape)
    if children is None:
        if change or not same(before, after):
            yield change or "modified", at
        return
    for element, one, other, inner in children:
        yield from _changes(one, other, inner, (*at, element))
    if change and at:
        yield change, at


def _children(before: Any, after: Any, shape: Shape) -> list[tuple[str, Any, Any, Shape]] | None:
    """Return what lies in either value, side by side; None where they are compared as wholes."""
    match resolved(shape, after if isinstance(after, dict | list) else before):
        case Fields(is_atomic=False) as fields if (pair := _both(before, after, dict)) is not None:
            return [
                (field(name), *(each.get(name, ABSENT) for each in pair), fields.shape_of(name) or ANYTHING)
                for name in pair[0] | pair[1]
            ]
        case Items(is_atomic=False) as items if (pair := _both(before, after, list)) is not None:
            found = [{items.element_of(item): item for item in each} for each in pair]
            return [
                (element, *(each.get(element, ABSENT) for each in found), items.each)
                for element in found[0] | found[1]
            ]
    return None


def _both(before: Any, after: Any, kind: type) -> tuple[Any, Any] | None:
    pair = tuple(value if isinstance(value, kind) else kind() for value in (before, after))
    return (pair[0], pair[1]) if pair[0] or pair[1] else None


def _is_declared(path: Path, shape: Shape) -> bool:
    for element in path[:-1]:
        shape = _shape_below(element, shape)
    return isinstance(shape, Fields) and path[-1].removeprefix("f:") in shape.declared


def _shape_below(element: str, shape: Shape) -> Shape:
    if isinstance(shape, Items):
        return shape.each
    if isinstance(shape, Fields):
        return shape.shape_of(element.removeprefix("f:")) or ANYTHING
    return ANYTHING


def _is_key(path: Path) -> bool:
    return len(path) > 1 and path[-2].startswith("k:") and f'"{path[-1].removeprefix("f:")}":' in path[-2]
