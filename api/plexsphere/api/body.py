"""Request bodies: read under a cap, inflated under a cap, decoded by the one decoder (design D5)."""

import asyncio
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

import msgspec

from plexsphere.api import catalogue
from plexsphere.api.problem import Problem, Refusal
from plexsphere.platform.json_decoder import Fold, MalformedJson, decode, without_nul

T = TypeVar("T")

KIB: Final = 1024
JSON: Final = "application/json"
GZIP_WINDOW: Final = 31
INFLATE_STEP: Final = 64 * KIB
# What follows a member is copied for the next one: thousands of tiny ones would cost the square of the body.
MOST_MEMBERS: Final = 64
# What is inflated and decoded in the loop takes less than 2 ms.
MOST_AT_ONCE: Final = 512 * KIB


@dataclass(frozen=True, slots=True)
class BodyRule(Generic[T]):
    """
    What one operation's body must be: its shape, its cap in bytes, and what a breach is called.

    Where `takes_nul`, a NUL in a text is read as U+FFFD instead of refused.
    """

    decoder: msgspec.json.Decoder[T]
    cap: int = 8 * KIB
    too_large: Problem = catalogue.BODY_TOO_LARGE
    invalid: Problem = catalogue.INVALID_BODY
    unique_keys: Fold | None = None
    takes_nul: bool = False

    def decode(self, octets: bytes) -> T:
        """
        Return the body as a value.

        Raises:
            Refusal: `invalid`, with the place and the rule.
        """
        sensible = without_nul(octets) if self.takes_nul else octets
        try:
            return decode(self.decoder, sensible, unique_keys=self.unique_keys)
        except MalformedJson as error:
            raise Refusal(self.invalid, str(error)) from None


async def read(receive: Any, headers: Mapping[str, str], rule: BodyRule[T]) -> T:
    """
    Read, inflate and decode a request body; at most one byte more than the cap is kept.

    Raises:
        Refusal: too large, an encoding other than gzip, a media type other than JSON, or not of the shape.
    """
    content_type = headers.get("content-type", "")
    if content_type != JSON:
        _require_json(content_type)
    is_gzip = "content-encoding" in headers and names_gzip(headers["content-encoding"])
    length = headers.get("content-length", "")
    # What is announced as too large is not waited for.
    if length.isdecimal() and int(length) > rule.cap:
        raise Refusal(rule.too_large)
    first = await receive()
    octets: bytes = first.get("body", b"")
    # Nearly every body comes in one part.
    if not octets or len(octets) > rule.cap or first.get("more_body", False):
        octets = await _received(first, receive, rule)
    if not is_gzip and len(octets) <= MOST_AT_ONCE:
        return rule.decode(octets)
    if rule.cap <= MOST_AT_ONCE:
        return _decoded(octets, is_gzip, rule)
    # It takes longer than others may wait for the loop.
    return await asyncio.to_thread(_decoded, octets, is_gzip, rule)


def _decoded(octets: bytes, is_gzip: bool, rule: BodyRule[T]) -> T:
    return rule.decode(inflate(octets, rule) if is_gzip else octets)


def _require_json(content_type: str) -> None:
    media, _, parameters = content_type.partition(";")
    charset = parameters.strip().lower().removeprefix("charset=").strip('"')
    if media.strip().lower() not in ("", JSON) or charset not in ("", "utf-8"):
        raise Refusal(catalogue.UNSUPPORTED_MEDIA_TYPE)


def names_gzip(encoding: str) -> bool:
    """
    Tell whether a Content-Encoding is gzip, and not none at all.

    Raises:
        Refusal: `unsupported_encoding`, when it is another one.
    """
    named = encoding.strip().lower()
    if named not in ("", "identity", "gzip"):
        raise Refusal(catalogue.UNSUPPORTED_ENCODING)
    return named == "gzip"


async def _received(message: Any, receive: Any, rule: BodyRule[Any]) -> bytes:
    received = bytearray()
    while True:
        if message["type"] == "http.disconnect":
            raise Disconnected
        received += message.get("body", b"")
        if len(received) > rule.cap:
            raise Refusal(rule.too_large)
        if not message.get("more_body", False):
            return bytes(received)
        message = await receive()


def inflate(octets: bytes, rule: BodyRule[Any]) -> bytes:
    """
    Inflate every gzip member, 64 at most, stopping as soon as the cap is passed.

    Raises:
        Refusal: too large once inflated, cut, corrupt, of too many members, or followed by something else.
    """
    inflated = bytearray()
    rest = octets
    for _ in range(MOST_MEMBERS):
        rest = _inflate_member(zlib.decompressobj(GZIP_WINDOW), rest, inflated, rule)
        if not rest:
            return bytes(inflated)
    raise Refusal(rule.invalid, f"the gzip body has more than {MOST_MEMBERS} members")


def _inflate_member(member: Any, octets: bytes, inflated: bytearray, rule: BodyRule[Any]) -> bytes:
    try:
        while not member.eof:
            step = member.decompress(octets, INFLATE_STEP)
            octets = member.unconsumed_tail
            inflated += step
            if len(inflated) > rule.cap:
                raise Refusal(rule.too_large)
            if not step and not octets and not member.eof:
                raise Refusal(rule.invalid, "the gzip body is cut")
    except zlib.error:
        raise Refusal(rule.invalid, "the body is not gzip") from None
    return bytes(member.unused_data)


class Disconnected(Exception):
    """The client went away before its body was complete; nothing was done."""
