"""Reading the schema language of SpiceDB, the part of it that both authorizers understand alike."""

import re
from collections.abc import Mapping
from typing import Final

from plexsphere.identity.domain.schema import Arrow, Definition, Schema, SchemaRefused

_TOKEN: Final = re.compile(
    r"(?P<skip>\s+|//[^\n]*|/\*.*?\*/)|(?P<token>->|[{}:|+=]|[a-z][a-z0-9_]*)", re.ASCII | re.DOTALL
)
_WORD: Final = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)
# The language ends a statement with its line, as soon as it could be complete.
_END: Final = "\n"
_KEYWORDS: Final = frozenset({"definition", "relation", "permission", "caveat", "use", "with", "nil"})


def parse_schema(text: str) -> Schema:
    """
    Return the schema the text says.

    Understood are definitions, relations to plain types, and permissions as unions of names and arrows. Type names
    are spoken with a hyphen where the text has an underscore.

    Raises:
        SchemaRefused: anything else (caveats, wildcards, subject sets, exclusions, intersections), a name that does
            not resolve, a name used twice, or a permission that follows from itself.
    """
    return Schema(_Reader(_tokens(text)).definitions())


def _tokens(text: str) -> list[str]:
    found: list[str] = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise SchemaRefused(f"line {text.count(chr(10), 0, at) + 1}: cannot read {text[at : at + 12]!r}")
        if match["token"]:
            found.append(match["token"])
        elif found and "\n" in match["skip"] and _ends_statement(found[-1]):
            found.append(_END)
        at = match.end()
    return found


def _ends_statement(last: str) -> bool:
    return last == "}" or _WORD.fullmatch(last) is not None


class _Reader:
    def __init__(self, tokens: list[str]) -> None:
        self._tokens = tokens
        self._at = 0

    def definitions(self) -> Mapping[str, Definition]:
        found: dict[str, Definition] = {}
        while self._at < len(self._tokens):
            definition = self._definition()
            _require_new(definition.name, found)
            found[definition.name] = definition
        return found

    def _definition(self) -> Definition:
        self._expect("definition")
        name = self._type()
        relations: dict[str, tuple[str, ...]] = {}
        permissions: dict[str, tuple[str | Arrow, ...]] = {}
        self._expect("{")
        while not self._has("}"):
            keyword, member = self._take(), self._word()
            _require_new(member, {**relations, **permissions})
            if keyword == "relation":
                relations[member] = self._admitted()
            elif keyword == "permission":
                permissions[member] = self._union()
            else:
                raise SchemaRefused(f"{keyword!r} where a relation or a permission was expected")
            self._expect(_END)
        if self._at < len(self._tokens):
            self._expect(_END)
        return Definition(name, relations, permissions)

    def _admitted(self) -> tuple[str, ...]:
        self._expect(":")
        types = [self._type()]
        while self._has("|"):
            types.append(self._type())
        return tuple(types)

    def _union(self) -> tuple[str | Arrow, ...]:
        self._expect("=")
        parts = [self._part()]
        while self._has("+"):
            parts.append(self._part())
        return tuple(parts)

    def _part(self) -> str | Arrow:
        name = self._word()
        return Arrow(name, self._word()) if self._has("->") else name

    def _type(self) -> str:
        return self._word().replace("_", "-")

    def _word(self) -> str:
        word = self._take()
        if _WORD.fullmatch(word) is None or word in _KEYWORDS:
            raise SchemaRefused(f"{word!r} where a name was expected")
        return word

    def _expect(self, token: str) -> None:
        found = self._take()
        if found != token:
            raise SchemaRefused(f"{found!r} where {token!r} was expected")

    def _has(self, token: str) -> bool:
        if self._at < len(self._tokens) and self._tokens[self._at] == token:
            self._at += 1
            return True
        return False

    def _take(self) -> str:
        if self._at == len(self._tokens):
            raise SchemaRefused("the text ends in the middle of a definition")
        self._at += 1
        return self._tokens[self._at - 1]


def _require_new(name: str, taken: Mapping[str, object]) -> None:
    if name in taken:
        raise SchemaRefused(f"{name} is defined twice")
