"""What a slug and a text shown to people may look like (hardening M01)."""

import re
import unicodedata
from typing import Final

SLUG_MAX: Final = 64

_SLUG: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*", re.ASCII)
_UNSEEN: Final = frozenset({"Cc", "Cs", "Zl", "Zp"})
# They make a text read in another order than it is stored in.
_REORDERING: Final = frozenset({"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"})


def is_slug(text: str) -> bool:
    """Lower-case words and numbers joined by single dashes, at most 64 characters."""
    return len(text) <= SLUG_MAX and _SLUG.fullmatch(text) is not None


def is_title(text: str, longest: int) -> bool:
    """One line of 1 to `longest` characters that is not blank and reads as it is stored."""
    return bool(text.strip()) and len(text) <= longest and all(map(_is_shown, text))


def is_prose(text: str, longest: int) -> bool:
    """Up to `longest` characters in any number of lines that read as they are stored."""
    return len(text) <= longest and all(_is_shown(character) for character in text if character not in "\n\t")


def _is_shown(character: str) -> bool:
    return (
        unicodedata.category(character) not in _UNSEEN
        and unicodedata.bidirectional(character) not in _REORDERING
    )
