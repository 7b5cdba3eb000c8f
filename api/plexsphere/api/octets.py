"""Request bodies that are octets and nothing else: given as they come, under a cap, never held as a whole."""

import zlib
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from plexsphere.api import catalogue
from plexsphere.api.body import GZIP_WINDOW, INFLATE_STEP, MOST_MEMBERS, Disconnected, names_gzip
from plexsphere.api.operation import OCTET_STREAM
from plexsphere.api.problem import Problem, Refusal


@dataclass(frozen=True, slots=True)
class OctetsRule:
    """How many octets a body may have, inflated, and what more than that is called."""

    cap: int
    too_large: Problem


def octets(receive: Any, headers: Mapping[str, str], rule: OctetsRule) -> AsyncIterator[bytes]:
    """
    Return the parts of a body, inflated where they come as gzip; each is small, none is empty.

    Raises:
        Refusal: announced as too large, an encoding other than gzip, or another media type; while the parts are taken,
            too large, or no gzip.
        Disconnected: while the parts are taken, the body ended before its announced end.
    """
    if headers.get("content-type", OCTET_STREAM).partition(";")[0].strip().lower() != OCTET_STREAM:
        raise Refusal(catalogue.UNSUPPORTED_MEDIA_TYPE, f"send {OCTET_STREAM}")
    length = headers.get("content-length", "")
    # What is announced as too large is not waited for.
    if length.isdecimal() and int(length) > rule.cap:
        raise Refusal(rule.too_large)
    inflate = Inflating() if names_gzip(headers.get("content-encoding", "")) else None
    return _counted(_inflated(_received(receive), inflate) if inflate else _received(receive), rule)


async def _received(receive: Any) -> AsyncGenerator[bytes]:
    is_over = False
    while not is_over:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Disconnected
        is_over = not message.get("more_body", False)
        if part := message.get("body", b""):
            yield part


async def _inflated(parts: AsyncIterator[bytes], inflate: "Inflating") -> AsyncGenerator[bytes]:
    async for part in parts:
        for step in inflate(part):
            yield step
    inflate.require_end()


async def _counted(parts: AsyncIterator[bytes], rule: OctetsRule) -> AsyncGenerator[bytes]:
    count = 0
    async for part in parts:
        count += len(part)
        if count > rule.cap:
            raise Refusal(rule.too_large)
        yield part


class Inflating:
    """Inflates gzip that comes in parts, 64 members at most, by steps of 64 KiB."""

    def __init__(self) -> None:
        self._member: Any = None
        self._members = 0

    def __call__(self, part: bytes) -> Iterator[bytes]:
        """
        Yield what a part inflates to.

        Raises:
            Refusal: `invalid_body`, when it is no gzip, or has too many members.
        """
        while part:
            member = self._open()
            try:
                step = member.decompress(part, INFLATE_STEP)
            except zlib.error:
                raise Refusal(catalogue.INVALID_BODY, "the body is not gzip") from None
            part = member.unused_data if member.eof else member.unconsumed_tail
            if member.eof:
                self._member = None
            if step:
                yield step

    def require_end(self) -> None:
        """
        Let a body end here.

        Raises:
            Refusal: `invalid_body`, when more must follow, or nothing came.
        """
        if self._member is not None or not self._members:
            raise Refusal(catalogue.INVALID_BODY, "the gzip body is cut")

    def _open(self) -> Any:
        if self._member is None:
            self._members += 1
            if self._members > MOST_MEMBERS:
                raise Refusal(catalogue.INVALID_BODY, f"the gzip body has more than {MOST_MEMBERS} members")
            self._member = zlib.decompressobj(GZIP_WINDOW)
        return self._member
