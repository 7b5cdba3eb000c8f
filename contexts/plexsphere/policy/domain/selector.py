"""Label expressions: which nodes a policy speaks of."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Self

from plexsphere.policy.domain.errors import SelectorSyntaxError
from plexsphere.policy.domain.selector_reader import MAX_TERMS, read_terms
from plexsphere.policy.domain.selector_term import Has, OneOf, Term

MAX_LENGTH: Final = 4096
EVERY_NODE: Final = "*"

Anchor = tuple[str, str | None]


@dataclass(frozen=True)
class Selector:
    """
    Conditions on a node's labels, all of which must hold; none at all is `*`, every node (design D16).

    Two selectors are equal when their canonical `text` is: conditions sorted, each once. `Selector.parse(s.text)`
    equals `s`.

    Raises:
        SelectorSyntaxError: more than 64 conditions, or a canonical text beyond 4096 characters.
    """

    terms: tuple[Term, ...] = field(compare=False)
    text: str = field(init=False)

    def __post_init__(self) -> None:
        if len(self.terms) > MAX_TERMS:
            raise SelectorSyntaxError(0)
        ordered = {str(term): term for term in sorted(self.terms, key=str)}
        text = ",".join(ordered) or EVERY_NODE
        if len(text) > MAX_LENGTH:
            raise SelectorSyntaxError(MAX_LENGTH)
        object.__setattr__(self, "terms", tuple(ordered.values()))
        object.__setattr__(self, "text", text)

    @classmethod
    def parse(cls, text: str) -> Self:
        """
        Read `k=v`, `k in (a,b)`, `k`, `!k` joined by commas, or `*` alone.

        Raises:
            SelectorSyntaxError: anything else, the empty text included.
        """
        if len(text) > MAX_LENGTH:
            raise SelectorSyntaxError(MAX_LENGTH)
        if text.strip(" \t") == EVERY_NODE:
            return cls(())
        return cls(tuple(read_terms(text)))

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Tell whether a node with these labels is meant."""
        return all(term.matches(labels) for term in self.terms)

    def anchors(self) -> tuple[Anchor, ...]:
        """
        Return (key, value) labels of which any matching node has exactly one; a value of None is "some value".

        Empty when no condition demands that a label be there: then every node is a candidate.
        """
        values = next((term for term in self.terms if isinstance(term, OneOf)), None)
        if values is not None:
            return tuple((values.key, value) for value in values.values)
        presence = next((term for term in self.terms if isinstance(term, Has)), None)
        return () if presence is None else ((presence.key, None),)

    def __str__(self) -> str:
        return self.text
