"""One condition of a selector."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from plexsphere.policy.domain.errors import SelectorSyntaxError

MAX_VALUES: Final = 256

_MARKS: Final = frozenset(",()=!*")


def is_word_character(character: str) -> bool:
    """Tell what a key or a value may consist of: anything printable but blanks and the grammar's own marks."""
    return character.isprintable() and not character.isspace() and character not in _MARKS


@dataclass(frozen=True, slots=True)
class Has:
    """The label is present, whatever its value: `key`."""

    key: str

    def __post_init__(self) -> None:
        _require_word(self.key)

    def matches(self, labels: Mapping[str, str]) -> bool:
        return self.key in labels

    def __str__(self) -> str:
        return self.key


@dataclass(frozen=True, slots=True)
class Lacks:
    """The label is absent: `!key`."""

    key: str

    def __post_init__(self) -> None:
        _require_word(self.key)

    def matches(self, labels: Mapping[str, str]) -> bool:
        return self.key not in labels

    def __str__(self) -> str:
        return f"!{self.key}"


@dataclass(frozen=True, slots=True)
class OneOf:
    """The label has one of the values: `key=value`, `key in (a,b)`."""

    key: str
    values: frozenset[str]

    def __post_init__(self) -> None:
        if not 1 <= len(self.values) <= MAX_VALUES:
            raise SelectorSyntaxError(0)
        for word in (self.key, *self.values):
            _require_word(word)

    def matches(self, labels: Mapping[str, str]) -> bool:
        return labels.get(self.key) in self.values

    def __str__(self) -> str:
        if len(self.values) == 1:
            return f"{self.key}={next(iter(self.values))}"
        return f"{self.key} in ({','.join(sorted(self.values))})"


Term = Has | Lacks | OneOf


def _require_word(text: str) -> None:
    if not text or not all(map(is_word_character, text)):
        raise SelectorSyntaxError(0)
