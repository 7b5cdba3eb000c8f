"""Reading the text of a selector, once from left to right."""

from typing import Final

from plexsphere.policy.domain.errors import SelectorSyntaxError
from plexsphere.policy.domain.selector_term import MAX_VALUES, Has, Lacks, OneOf, Term, is_word_character

MAX_TERMS: Final = 64

_BLANKS: Final = " \t"


def read_terms(text: str) -> list[Term]:
    """
    Read conditions joined by commas.

    Raises:
        SelectorSyntaxError: not of the grammar, or more than `MAX_TERMS` conditions.
    """
    return _Reader(text).terms()


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def terms(self) -> list[Term]:
        terms = [self._term()]
        while self._takes(","):
            if len(terms) == MAX_TERMS:
                raise SelectorSyntaxError(self._at)
            terms.append(self._term())
        if self._at < len(self._text):
            raise SelectorSyntaxError(self._at)
        return terms

    def _term(self) -> Term:
        if self._takes("!"):
            return Lacks(self._word())
        key = self._word()
        if self._takes("="):
            return OneOf(key, frozenset([self._word()]))
        return OneOf(key, self._values()) if self._takes_in() else Has(key)

    def _values(self) -> frozenset[str]:
        self._demand("(")
        values = {self._word()}
        while self._takes(","):
            values.add(self._word())
            if len(values) > MAX_VALUES:
                raise SelectorSyntaxError(self._at)
        self._demand(")")
        return frozenset(values)

    def _takes_in(self) -> bool:
        if not self._more() or not is_word_character(self._text[self._at]):
            return False
        start = self._at
        if self._word() != "in":
            raise SelectorSyntaxError(start)
        return True

    def _word(self) -> str:
        self._skip_blanks()
        start = self._at
        while self._at < len(self._text) and is_word_character(self._text[self._at]):
            self._at += 1
        if self._at == start:
            raise SelectorSyntaxError(start)
        word = self._text[start : self._at]
        self._skip_blanks()
        return word

    def _takes(self, mark: str) -> bool:
        self._skip_blanks()
        if not self._text.startswith(mark, self._at):
            return False
        self._at += len(mark)
        return True

    def _demand(self, mark: str) -> None:
        if not self._takes(mark):
            raise SelectorSyntaxError(self._at)
        self._skip_blanks()

    def _more(self) -> bool:
        return self._at < len(self._text)

    def _skip_blanks(self) -> None:
        while self._at < len(self._text) and self._text[self._at] in _BLANKS:
            self._at += 1
