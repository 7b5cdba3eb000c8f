"""The authorization schema: which relations exist, and which permissions follow from them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from plexsphere.identity.domain.authorization_errors import (
    InvalidRelationTuple,
    UnknownObjectType,
    UnknownPermission,
)
from plexsphere.identity.domain.relation_tuple import Triple
from plexsphere.platform.kernel.subjects import PLATFORM, PLATFORM_OBJECT, Reference

READ: Final = "read"
MANAGE: Final = "manage"


class SchemaRefused(ValueError):
    """The text is no schema that both authorizers understand alike."""


@dataclass(frozen=True, slots=True)
class Arrow:
    """`relation->permission`: whoever has the permission on an object in the relation."""

    relation: str
    permission: str


@dataclass(frozen=True, slots=True)
class Definition:
    """One type of object: its relations with the types they admit, and its permissions as unions."""

    name: str
    relations: Mapping[str, tuple[str, ...]]
    permissions: Mapping[str, tuple[str | Arrow, ...]]

    def knows(self, name: str) -> bool:
        """Tell whether the name can be asked for on an object of this type."""
        return name in self.relations or name in self.permissions

    def union(self, name: str) -> tuple[str | Arrow, ...]:
        """Return the parts of the permission; a relation has none."""
        return self.permissions.get(name, ())


@dataclass(frozen=True, slots=True)
class Grant:
    """A subject in `relation` to an object of `type` has `permission` on it."""

    type: str
    permission: str
    relation: str


@dataclass(frozen=True, slots=True)
class Passage:
    """`permission` on an object of `type` follows from `via_permission` on the `via_type` in `relation` to it."""

    type: str
    permission: str
    relation: str
    via_type: str
    via_permission: str


@dataclass(frozen=True, slots=True)
class Rules:
    """Everything one permission can follow from, unions resolved, nearest first."""

    grants: tuple[Grant, ...]
    passages: tuple[Passage, ...]


class Schema:
    """
    A schema whose names all resolve and in which no permission follows from itself.

    The second makes every walk end after a number of steps that the schema alone decides, whatever the tuples say.
    """

    def __init__(self, definitions: Mapping[str, Definition]) -> None:
        self._definitions: Final = dict(definitions)
        self._rules: Final[dict[tuple[str, str], Rules]] = {}
        self._structural: Final = {
            (definition.name, part.relation) for definition, part in self._parts() if isinstance(part, Arrow)
        }
        for definition in self._definitions.values():
            self._require_known_subjects(definition)
        for definition, part in self._parts():
            self._require_resolved(definition, part)
        for definition in self._definitions.values():
            for permission in definition.permissions:
                self._require_founded(definition.name, permission, ())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Schema) and self._definitions == other._definitions

    __hash__ = None  # type: ignore[assignment]  # the data model spells "unhashable" this way

    def rules(self, object_type: str, permission: str) -> Rules:
        """
        Return what the permission follows from; a relation follows from itself.

        Raises:
            UnknownObjectType: no such type.
            UnknownPermission: neither a permission nor a relation of the type.
        """
        known = self._rules.get((object_type, permission))
        if known is None:
            self.require_known(object_type, permission)
            known = self._rules[object_type, permission] = self._walk(object_type, permission)
        return known

    def relation_path(self, object_type: str, permission: str) -> tuple[str, ...]:
        """Return the relations that decide the permission, nearest first, as `type#relation`."""
        grants = self.rules(object_type, permission).grants
        return tuple(dict.fromkeys(f"{grant.type}#{grant.relation}" for grant in grants))

    def can_be_read(self, object_type: str) -> bool:
        """Tell whether the type has the permission `read`, which tells the two reasons of a refusal apart."""
        return self._definitions[object_type].knows(READ)

    def require_type(self, name: str) -> None:
        """Raise `UnknownObjectType` unless the type exists."""
        if name not in self._definitions:
            raise UnknownObjectType(name)

    def require_known(self, object_type: str, permission: str) -> None:
        """Raise `UnknownObjectType` or `UnknownPermission` unless the question means something."""
        self.require_type(object_type)
        if not self._definitions[object_type].knows(permission):
            raise UnknownPermission(object_type, permission)

    def require_storable(self, triple: Triple) -> None:
        """Raise `InvalidRelationTuple` unless the relation exists on the object's type and admits the subject's."""
        if not self.admits(triple):
            raise InvalidRelationTuple

    def admits(self, triple: Triple) -> bool:
        """Tell whether the relation exists on the object's type and admits the subject's."""
        definition = self._definitions.get(triple.object.type)
        if definition is None or triple.subject.type not in definition.relations.get(triple.relation, ()):
            return False
        return _is_addressable(triple.object) and _is_addressable(triple.subject)

    def require_assignable(self, triple: Triple) -> None:
        """
        Raise `InvalidRelationTuple` unless an operator may write the triple.

        A relation that an arrow walks says where an object belongs; only creating the object says that.
        """
        self.require_storable(triple)
        if self.is_structural(triple):
            raise InvalidRelationTuple

    def is_structural(self, triple: Triple) -> bool:
        """Tell whether the triple says where an object belongs."""
        return (triple.object.type, triple.relation) in self._structural

    @property
    def object_types(self) -> tuple[str, ...]:
        """The types that have relations, in the order of the text."""
        return tuple(name for name, definition in self._definitions.items() if definition.relations)

    def names(self, object_type: str) -> tuple[str, ...]:
        """Return the relations and permissions of the type."""
        self.require_type(object_type)
        definition = self._definitions[object_type]
        return (*definition.relations, *definition.permissions)

    def _walk(self, object_type: str, permission: str) -> Rules:
        grants: list[Grant] = []
        passages: list[Passage] = []
        reached = [(object_type, permission)]
        for kind, name in reached:
            for leaf in self._leaves(kind, name):
                if isinstance(leaf, str):
                    grants.append(Grant(kind, name, leaf))
                    continue
                for passage in self._passages(kind, name, leaf):
                    passages.append(passage)
                    if (passage.via_type, passage.via_permission) not in reached:
                        reached.append((passage.via_type, passage.via_permission))
        return Rules(tuple(grants), tuple(passages))

    def _passages(self, object_type: str, name: str, arrow: Arrow) -> Iterator[Passage]:
        for via in self._definitions[object_type].relations[arrow.relation]:
            yield Passage(object_type, name, arrow.relation, via, arrow.permission)

    def _parts(self) -> Iterator[tuple[Definition, str | Arrow]]:
        for definition in self._definitions.values():
            for union in definition.permissions.values():
                for part in union:
                    yield definition, part

    def _leaves(self, object_type: str, name: str) -> Iterator[str | Arrow]:
        definition = self._definitions[object_type]
        if name in definition.relations:
            yield name
        for part in definition.union(name):
            if isinstance(part, Arrow):
                yield part
            else:
                yield from self._leaves(object_type, part)

    def _require_known_subjects(self, definition: Definition) -> None:
        for relation, subjects in definition.relations.items():
            for subject in subjects:
                if subject not in self._definitions:
                    raise SchemaRefused(f"{definition.name}#{relation} admits the unknown type {subject}")

    def _require_resolved(self, definition: Definition, part: str | Arrow) -> None:
        if isinstance(part, str):
            if not definition.knows(part):
                raise SchemaRefused(f"{definition.name} has no {part}")
            return
        if part.relation not in definition.relations:
            raise SchemaRefused(f"{definition.name} has no relation {part.relation}")
        for via in definition.relations[part.relation]:
            if not self._definitions[via].knows(part.permission):
                raise SchemaRefused(f"{via} has no {part.permission}")

    def _require_founded(self, object_type: str, name: str, above: tuple[tuple[str, str], ...]) -> None:
        if (object_type, name) in above:
            raise SchemaRefused(f"{object_type}#{name} follows from itself")
        here = (*above, (object_type, name))
        definition = self._definitions[object_type]
        for part in definition.union(name):
            if isinstance(part, str):
                self._require_founded(object_type, part, here)
                continue
            for via in definition.relations[part.relation]:
                self._require_founded(via, part.permission, here)


def _is_addressable(reference: Reference) -> bool:
    return (reference.id == PLATFORM) is (reference.type == PLATFORM_OBJECT.type)
