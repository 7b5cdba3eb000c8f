"""What a schema says about merging: which maps and lists are taken apart, and which are one value."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from tests.kube_api.field_sets import Json, entry, member


@dataclass(frozen=True)
class Scalar:
    """A value that is never taken apart; `type_name` is the schema's word for it."""

    type_name: str


@dataclass(frozen=True)
class Anything:
    """Whatever is there decides: maps are taken apart, all else is one value."""


@dataclass(frozen=True)
class Fields:
    """A map: the fields its schema declares, and the shape of all others, None where there may be none."""

    declared: Mapping[str, "Shape"] = field(default_factory=dict)
    others: "Shape | None" = None
    is_atomic: bool = False

    def shape_of(self, name: str) -> "Shape | None":
        """Return the shape of one field, None where it may not be."""
        return self.declared.get(name, self.others)


@dataclass(frozen=True)
class Items:
    """A list: one value, a set of scalars, or entries told apart by their keys."""

    each: "Shape"
    arrangement: str = "atomic"
    keys: tuple[str, ...] = ()

    @property
    def is_atomic(self) -> bool:
        return self.arrangement == "atomic"

    def element_of(self, item: Any) -> str:
        """Return the path element of one item; raise KeyError where a key is missing."""
        if self.arrangement == "set":
            return member(item)
        return entry({key: item[key] for key in self.keys})


Shape = Scalar | Anything | Fields | Items

ANYTHING: Final = Anything()
LOOSE: Final = Fields(others=ANYTHING)
WHOLE_LIST: Final = Items(ANYTHING)
TEXT: Final = Scalar("string")
TEXTS: Final = Fields(others=TEXT)

METADATA: Final = Fields(
    {
        "name": TEXT,
        "namespace": TEXT,
        "labels": TEXTS,
        "annotations": TEXTS,
        "finalizers": Items(TEXT, "set"),
        "ownerReferences": Items(Fields(others=ANYTHING, is_atomic=True), "map", ("uid",)),
    }
)


def object_shape(schema: Json) -> Fields:
    """Return the shape of a whole object whose schema is a CRD's."""
    declared = {name: shape(inner) for name, inner in schema.get("properties", {}).items()}
    return Fields({**declared, "apiVersion": TEXT, "kind": TEXT, "metadata": METADATA})


def shape(schema: Json) -> Shape:
    """Return the shape of what an OpenAPI schema describes."""
    match schema.get("type"):
        case "object":
            return _map_shape(schema)
        case "array":
            keys = tuple(schema.get("x-kubernetes-list-map-keys", ()))
            return Items(shape(schema["items"]), schema.get("x-kubernetes-list-type", "atomic"), keys)
        case None:
            return ANYTHING
        case str(name):
            return Scalar(name)
    raise ValueError("a schema without a type that is a name")


def resolved(given: Shape, value: object) -> Shape:
    """Return the shape of this very value: what is anything is taken for what it is."""
    if not isinstance(given, Anything):
        return given
    if isinstance(value, dict):
        return LOOSE
    return WHOLE_LIST if isinstance(value, list) else Scalar("any")


def _map_shape(schema: Json) -> Fields:
    declared = {name: shape(inner) for name, inner in schema.get("properties", {}).items()}
    is_atomic = schema.get("x-kubernetes-map-type") == "atomic"
    return Fields(declared, _others(schema), is_atomic)


def _others(schema: Json) -> Shape | None:
    more = schema.get("additionalProperties")
    if isinstance(more, dict):
        return shape(more)
    return ANYTHING if more or schema.get("x-kubernetes-preserve-unknown-fields") else None
