"""SHA-256 digests as texts (design D29)."""

import re
from typing import Final

PREFIX: Final = "sha256:"
BARE: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)


def canonical(checksum: str) -> str:
    """
    Return `sha256:<64 lower-case hex>` for a digest of that form or bare, and any other text as it came.

    Two texts name the same digest when this returns the same for both; upper case, spaces and other algorithms are
    other texts, for whoever compares digests elsewhere would take them for others, too.
    """
    return PREFIX + checksum if BARE.fullmatch(checksum) else checksum


def is_canonical(text: str) -> bool:
    """Tell whether a text is a digest in its canonical form."""
    return text.startswith(PREFIX) and BARE.fullmatch(text, len(PREFIX)) is not None
