"""Operator-managed metadata: a node's labels (design D16, D35)."""

import re
from collections.abc import Mapping
from typing import Final

from plexsphere.fleet.domain.errors import InvalidMetadata

KEY: Final = re.compile(r"[A-Za-z0-9._/-]{1,63}", re.ASCII)
LONGEST_VALUE: Final = 255
MOST_KEYS: Final = 64


def metadata(given: Mapping[str, str]) -> dict[str, str]:
    """
    Return the metadata, when every key and value follows the rules.

    Raises:
        InvalidMetadata: more than 64 keys, a key outside `[A-Za-z0-9._/-]{1,63}`, or a value that is longer than 255
            characters or not printable.
    """
    if len(given) > MOST_KEYS or not all(_is_label(key, value) for key, value in given.items()):
        raise InvalidMetadata
    return dict(given)


def _is_label(key: str, value: str) -> bool:
    return KEY.fullmatch(key) is not None and len(value) <= LONGEST_VALUE and value.isprintable()


def facts(given: Mapping[str, str]) -> dict[str, str]:
    """
    Return what a machine says of itself at registration, under the same bounds; it never selects (design D16).

    Raises:
        InvalidMetadata: as for metadata.
    """
    return metadata(given)
