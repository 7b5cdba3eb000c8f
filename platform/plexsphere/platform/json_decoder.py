"""The one decoder for all JSON that comes from outside (design D5)."""

import json
from typing import Any, Final, TypeVar

import msgspec

T = TypeVar("T")

# What cannot be stored as text, and what would cost more to check than any honest body needs.
NUL_ESCAPE: Final = b"\\u0000"
LONGEST_NUMBER: Final = 40
DEEPEST: Final = 64


class MalformedJson(Exception):
    """The bytes are no JSON of the wanted shape; the message names the place and the rule, never the value."""


def decode(decoder: msgspec.json.Decoder[T], octets: bytes, *, unique_keys: bool = False) -> T:
    """
    Return the value that `decoder` reads.

    `unique_keys` refuses an object that names a key twice, for bodies where two readers must not differ.

    Raises:
        MalformedJson: invalid UTF-8, a lone surrogate, NUL, depth or numbers beyond all sense, a wrong shape.
    """
    try:
        value = decoder.decode(octets)
    except msgspec.ValidationError as error:
        raise MalformedJson(_place(error)) from None
    except RecursionError:
        raise MalformedJson("nested too deeply") from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise MalformedJson("not valid JSON") from None
    if unique_keys or NUL_ESCAPE in octets or octets.count(b"[") + octets.count(b"{") > DEEPEST:
        _inspect(octets, unique_keys)
    return value


def _place(error: msgspec.ValidationError) -> str:
    # msgspec quotes what it was given for enumerations and tags alone; the path behind ` - at ` is always ours.
    text = str(error)
    if text.startswith("Invalid enum value") or text.startswith("Invalid value"):
        _, _, path = text.partition(" - at ")
        return f"not one of the allowed values - at {path or '`$`'}"
    return text


def _inspect(octets: bytes, unique_keys: bool) -> None:
    try:
        document = json.loads(octets, object_pairs_hook=_unique if unique_keys else dict, parse_int=_short)
    except RecursionError:
        raise MalformedJson("nested too deeply") from None
    except ValueError:
        raise MalformedJson("not valid JSON") from None
    _walk(document)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise MalformedJson("an object names a key twice")
    return found


def _short(digits: str) -> int:
    if len(digits) > LONGEST_NUMBER:
        raise MalformedJson("a number is too long")
    return int(digits)


def _walk(document: Any) -> None:
    level = [document]
    for _ in range(DEEPEST):
        if any(isinstance(item, str) and "\x00" in item for item in level):
            raise MalformedJson("a text holds NUL")
        level = [inner for item in level for inner in _inside(item)]
        if not level:
            return
    raise MalformedJson("nested too deeply")


def _inside(item: Any) -> list[Any]:
    if isinstance(item, dict):
        return [*item.keys(), *item.values()]
    return item if isinstance(item, list) else []
