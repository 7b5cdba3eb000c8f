"""
Which fields somebody owns: sets of paths, and their form on the wire, fieldsV1.

A path is the elements from the object's root, spelled as fieldsV1 spells them: `f:name` a field, `k:{…}` an entry of a
list by its keys, `v:…` a member of a set. Union, intersection and difference are those of any frozenset.
"""

import json
from collections.abc import Mapping
from typing import Any, Final

Path = tuple[str, ...]
FieldSet = frozenset[Path]
Json = dict[str, Any]

NOTHING: Final[FieldSet] = frozenset()
SELF: Final = "."


def field(name: str) -> str:
    """Return the element of a field."""
    return f"f:{name}"


def entry(keys: Mapping[str, Any]) -> str:
    """Return the element of a list's entry that has these keys."""
    return f"k:{_compact(dict(sorted(keys.items())))}"


def member(value: object) -> str:
    """Return the element of a set's member."""
    return f"v:{_compact(value)}"


def below(fields: FieldSet, element: str) -> FieldSet:
    """Return what lies under one element, as seen from there."""
    return frozenset(path[1:] for path in fields if len(path) > 1 and path[0] == element)


def encoded(fields: FieldSet) -> Json:
    """Return the set as fieldsV1."""
    tree: Json = {}
    for path in sorted(fields):
        node = tree
        for element in path:
            node = node.setdefault(element, {})
        node[SELF] = {}
    return _without_lone_dots(tree)


def decoded(tree: Mapping[str, Any], at: Path = ()) -> FieldSet:
    """Return the set that fieldsV1 tells."""
    found: set[Path] = {at} if at and (not tree or SELF in tree) else set()
    for element, inner in tree.items():
        if element != SELF:
            found |= decoded(inner, (*at, element))
    return frozenset(found)


def spelled(path: Path) -> str:
    """Return a path as conflicts name it, such as `.spec.parameters[name="a"].value`."""
    return "".join(_spelled(element) for element in path)


def _spelled(element: str) -> str:
    sort, _, rest = element.partition(":")
    if sort == "f":
        return f".{rest}"
    if sort == "v":
        return f"[={rest}]"
    return f"[{','.join(f'{name}={_compact(value)}' for name, value in json.loads(rest).items())}]"


def _without_lone_dots(tree: Json) -> Json:
    if tree.keys() == {SELF}:
        return {}
    return {element: _without_lone_dots(inner) for element, inner in tree.items()}


def _compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
