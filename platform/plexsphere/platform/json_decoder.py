"""The one decoder for all JSON that comes from outside (design D5)."""

import json
import re
from collections.abc import Callable
from functools import partial
from typing import Any, Final, TypeVar

import msgspec

T = TypeVar("T")

Fold = Callable[[str], str]

# Some readers, those in Go among them, match names in any case.
IN_ANY_CASE: Final[Fold] = str.casefold
AS_WRITTEN: Final[Fold] = str

DEEPEST: Final = 64
SMALLEST: Final = -(2**63)
LARGEST: Final = 2**63 - 1

NUL_ESCAPE: Final = b"\\u0000"
REPLACEMENT_ESCAPE: Final = b"\\ufffd"
BACKSLASH: Final = b"\\\\"
BACKSLASH_MEANWHILE: Final = b"\x01\x01"
NUL: Final = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
TEXT: Final = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"')
ONE_KIND: Final = bytes.maketrans(b"{}", b"[]")
NO_BRACKET: Final = bytes(set(range(256)) - set(b"[]{}"))
# Runs of digits are looked for with every digit made a zero: a search for one text, much faster than a pattern.
AS_ZEROS: Final = bytes.maketrans(b"123456789", b"0" * 9)
DIGITS: Final = 19
LONG_RUN: Final = b"0" * DIGITS
UNKNOWN_FIELD: Final = "Object contains unknown field"
NAMED: Final = re.compile(
    UNKNOWN_FIELD + r" `(?!plx_)[A-Za-z_][A-Za-z0-9_-]{0,63}`(?: - at `[^`]*`)?", re.ASCII
)


class MalformedJson(Exception):
    """The bytes are no JSON of the wanted shape; the message names the place and the rule, never the value."""


def decode(decoder: msgspec.json.Decoder[T], octets: bytes, *, unique_keys: Fold | None = None) -> T:
    """
    Return the value that `decoder` reads.

    `unique_keys` refuses an object that names a key twice, for bodies where two readers must not differ: `IN_ANY_CASE`
    where one of them may not tell cases apart, `AS_WRITTEN` where keys are somebody's own.

    Raises:
        MalformedJson: invalid UTF-8, a lone surrogate, NUL, more than 64 levels, an integer beyond 64 bits, also in
            fields that nobody reads; a wrong shape.
    """
    _require_text(octets)
    try:
        value = decoder.decode(octets)
    except msgspec.ValidationError as error:
        raise MalformedJson(_place(error)) from None
    except RecursionError:
        raise MalformedJson("nested too deeply") from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise MalformedJson("not valid JSON") from None
    _require_sense(octets)
    if unique_keys is not None or _has_large_number(octets):
        _inspect(octets, unique_keys)
    return value


def without_nul(octets: bytes) -> bytes:
    """Return the bytes of a JSON text with U+FFFD for every escaped NUL, for texts that are what a program printed."""
    # A raw control character is no JSON, so that it can stand for an escaped backslash meanwhile.
    if NUL_ESCAPE not in octets or BACKSLASH_MEANWHILE in octets:
        return octets
    apart = octets.replace(BACKSLASH, BACKSLASH_MEANWHILE).replace(NUL_ESCAPE, REPLACEMENT_ESCAPE)
    return apart.replace(BACKSLASH_MEANWHILE, BACKSLASH)


def _require_text(octets: bytes) -> None:
    # msgspec looks into the texts it keeps alone.
    if octets.isascii():
        return
    try:
        octets.decode()
    except UnicodeDecodeError:
        raise MalformedJson("not valid JSON") from None


def _place(error: msgspec.ValidationError) -> str:
    # msgspec quotes what it was given for enumerations, tags and names of fields; the path behind ` - at ` is ours.
    text = str(error)
    if text.startswith(UNKNOWN_FIELD) and not NAMED.fullmatch(text):
        return "Object contains an unknown field"
    if text.startswith("Invalid enum value") or text.startswith("Invalid value"):
        _, _, path = text.partition(" - at ")
        return f"not one of the allowed values - at {path or '`$`'}"
    return text


def _require_sense(octets: bytes) -> None:
    if NUL_ESCAPE in octets and NUL.search(octets):
        raise MalformedJson("a text holds NUL")
    if octets.count(b"[") + octets.count(b"{") > DEEPEST and _is_deep(octets):
        raise MalformedJson("nested too deeply")


def _is_deep(octets: bytes) -> bool:
    # What is valid JSON nests exactly as its brackets do; each round takes away the innermost level.
    brackets = TEXT.sub(b"", octets).translate(ONE_KIND, NO_BRACKET)
    for _ in range(DEEPEST):
        brackets = brackets.replace(b"[]", b"")
    return bool(brackets)


def _has_large_number(octets: bytes) -> bool:
    # A false alarm costs time only: the digits may lie inside a text.
    zeros = octets.translate(AS_ZEROS)
    place = zeros.find(LONG_RUN)
    while place >= 0:
        behind = place + DIGITS
        if zeros[behind : behind + 1] == b"0" or octets[place : place + 2] >= b"92":
            return True
        place = zeros.find(LONG_RUN, behind)
    return False


def _inspect(octets: bytes, unique_keys: Fold | None) -> None:
    hook = None if unique_keys is None else partial(_unique, unique_keys)
    try:
        json.loads(octets, object_pairs_hook=hook, parse_int=_bounded)
    except ValueError:
        raise MalformedJson("not valid JSON") from None


def _unique(fold: Fold, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({fold(name) for name, _ in pairs}) != len(pairs):
        raise MalformedJson("an object names a key twice")
    return dict(pairs)


def _bounded(digits: str) -> int:
    # Twenty characters hold every number that fits, and bound the work for one that does not.
    if len(digits) > DIGITS + 1 or not SMALLEST <= int(digits) <= LARGEST:
        raise MalformedJson("a number is beyond 64 bits")
    return int(digits)
