"""The last line of defence: what looks like a secret is masked, wherever it turns up."""

import re
from collections.abc import Mapping
from datetime import datetime
from pathlib import PurePath
from typing import Any, Final
from uuid import UUID

from plexsphere.platform.kernel.secret import MASK

DEEPEST: Final = 4
LONGEST: Final = 8_192
TOKEN: Final = re.compile(r"plx_(api|node|enroll)_[A-Za-z0-9_-]+")
BEARER: Final = re.compile(r"(?i)\b(bearer)\s+[^\s\"',;)\]}]+")
AUTHORIZATION: Final = re.compile(
    r"(?i)(authorization['\"]?\s?[:=,]\s?(?:b(?=['\"]))?['\"]?)(?:(?:bearer|basic|digest|negotiate)\s+)?[^\s\"',;)\]}]+"
)
URL_PASSWORD: Final = re.compile(r"(://[^/\s:@\"']*:)[^\s\"']+(@)")
PASSWORD: Final = re.compile(
    r"(?i)((?:password|passwd|secret)['\"]?\s?[=:]\s?)('(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|[^\s\"',;)\]}&]+)"
)
TELLING_NAME: Final = re.compile(r"(?i)password|passwd|secret|token|authorization|credential|private|dsn")


def masked(text: str) -> str:
    """Return the text, cut at 8,192 characters, without our tokens, `Authorization` values and passwords."""
    text = TOKEN.sub(rf"plx_\1_{MASK}", text[:LONGEST])
    text = AUTHORIZATION.sub(rf"\1{MASK}", text)
    text = BEARER.sub(rf"\1 {MASK}", text)
    text = URL_PASSWORD.sub(rf"\1{MASK}\2", text)
    return PASSWORD.sub(rf"\1{MASK}", text)


def masked_fields(fields: Mapping[Any, object], levels: int = DEEPEST) -> dict[str, Any]:
    """Return the fields as a log line may hold them; one whose name tells of a secret shows nothing."""
    return {
        str(name): MASK if TELLING_NAME.search(str(name)) else masked_value(value, levels - 1)
        for name, value in fields.items()
    }


def masked_value(value: object, levels: int = DEEPEST) -> object:
    """
    Return the value as a log line may hold it: texts masked, plain values as they are, of all else the type's name.

    An exception is its type: the text of a driver's error quotes what was given to it.
    """
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, (str, UUID, datetime, PurePath)):
        return masked(str(value))
    if isinstance(value, Mapping) and levels:
        return masked_fields(value, levels)
    if isinstance(value, (list, tuple, set, frozenset)) and levels:
        return [masked_value(inner, levels - 1) for inner in value]
    return type_name(type(value))


def type_name(kind: type) -> str:
    """Return the name by which a type is imported."""
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
