"""What a hostile or broken API server does instead of answering, as often as a test asks for it."""

import asyncio
import gzip
import json
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from itertools import repeat
from typing import Any, Final

from aiohttp import web

from tests.kube_api.answers import JSON, NO_SUCH_PATH, Answer
from tests.kube_api.field_sets import Json
from tests.kube_api.statuses import failure

PIECE: Final = b" " * 65_536
HUGE_BYTES: Final = 64 * 1024 * 1024
DEPTH: Final = 100_000
CLASH: Final = "the object has been modified; please apply your changes to the latest version and try again"
REASONS: Final = {403: "Forbidden", 429: "TooManyRequests", 500: "InternalError", 503: "ServiceUnavailable"}


class Deed(StrEnum):
    """What is done to a request."""

    HANG = "accept it and never answer"
    RESET = "break the connection"
    TRUNCATE = "break the connection within the answer"
    TRICKLE = "send the answer byte by byte, one each second"
    REDIRECT = "send elsewhere: `code` and `location`"
    REFUSE = "answer a Status with `code`"
    ECHO = "answer a Status with `code` that repeats the caller's credential, and the object, wherever there is room"
    VERSION_CLASH = "answer that the object has been modified"
    PLAIN_NOT_FOUND = "answer 404 as any web server does"
    HUGE_BODY = "answer 64 MiB"
    ENDLESS_BODY = "answer without end"
    GZIP_BOMB = "answer 64 MiB in 64 KiB, compressed without being asked"
    DEEP_JSON = "answer lists within lists"
    BAD_UTF8 = "answer bytes that are no text"
    BAD_CHARSET = "answer in an encoding that nobody knows"
    BAD_JSON = "answer half a document"
    HTML = "answer a page"
    LIST = "answer a list"
    NOTHING = "answer nothing"
    WRONG_KIND = "answer another kind of object"
    NUL_ANNOTATION = "answer the object with a NUL in an annotation"
    HUGE_NUMBER = "answer the object with a number that no machine holds"


@dataclass
class Fault:
    """
    A deed to the next `times` requests of a verb (HTTP method; "" is any), once `spared` of them have passed.

    With `after_writing` the request takes effect first, and only its answer is lost.
    """

    deed: Deed
    verb: str = ""
    times: int = 1
    spared: int = 0
    after_writing: bool = False
    code: int = 500
    location: str = ""

    def is_due(self, verb: str) -> bool:
        """Count a request, and say whether this fault strikes it."""
        if self.verb not in ("", verb) or self.times == 0:
            return False
        if self.spared:
            self.spared -= 1
            return False
        self.times -= 1
        return True


@dataclass
class Hostility:
    """The faults that are planned; `released` ends what hangs."""

    faults: list[Fault] = field(default_factory=list)
    released: asyncio.Event = field(default_factory=asyncio.Event)

    def plan(self, deed: Deed, verb: str = "", **how: Any) -> Fault:
        """Have a fault strike from now on."""
        fault = Fault(deed, verb, **how)
        self.faults.append(fault)
        return fault

    def forget(self) -> None:
        """Be a good server again, also to whom it let hang."""
        self.faults.clear()
        self.released.set()
        self.released = asyncio.Event()

    def due(self, verb: str) -> Fault | None:
        """Return the fault that strikes a request of this verb."""
        return next((fault for fault in self.faults if fault.is_due(verb)), None)

    async def strike(self, fault: Fault, request: web.BaseRequest, truth: Answer) -> web.StreamResponse:
        """Do the deed; `truth` is what the answer would be."""
        if fault.deed in (Deed.HANG, Deed.RESET):
            if fault.deed is Deed.HANG:
                await self.released.wait()
            return _cut(request)
        if fault.deed in STREAMS:
            with suppress(ConnectionError):
                await STREAMS[fault.deed](request, truth)
            return _cut(request)
        if fault.deed is Deed.ECHO:
            return _echo(fault, request.headers.get("Authorization", ""), truth)
        return ANSWERS[fault.deed](fault, truth)


def _cut(request: web.BaseRequest) -> web.StreamResponse:
    if request.transport:
        request.transport.abort()
    return web.Response()


async def _huge(request: web.BaseRequest, truth: Answer) -> None:
    await _pieces(request, _announced(HUGE_BYTES), repeat(PIECE, HUGE_BYTES // len(PIECE)))


async def _endless(request: web.BaseRequest, truth: Answer) -> None:
    response = web.StreamResponse(headers={"Content-Type": JSON})
    response.enable_chunked_encoding()
    await _pieces(request, response, repeat(PIECE))


async def _truncated(request: web.BaseRequest, truth: Answer) -> None:
    await _pieces(request, _announced(len(truth.octets)), [truth.octets[: len(truth.octets) // 2]])


async def _trickled(request: web.BaseRequest, truth: Answer) -> None:
    octets = (bytes([octet]) for octet in truth.octets)
    await _pieces(request, _announced(len(truth.octets)), octets, pause=1.0)


def _announced(length: int) -> web.StreamResponse:
    return web.StreamResponse(headers={"Content-Type": JSON, "Content-Length": str(length)})


async def _pieces(
    request: web.BaseRequest, response: web.StreamResponse, pieces: Iterable[bytes], pause: float = 0.0
) -> None:
    """Send pieces as long as somebody takes them."""
    await response.prepare(request)
    for piece in pieces:
        if request.transport is None or request.transport.is_closing():
            return
        await response.write(piece)
        # A write that finds room gives nobody else a turn; the reader may live in this very loop.
        await asyncio.sleep(pause)


def _redirect(fault: Fault, truth: Answer) -> web.Response:
    return web.Response(status=fault.code, headers={"Location": fault.location})


def _refuse(fault: Fault, truth: Answer) -> web.Response:
    reason = REASONS.get(fault.code, "")
    return _json(failure(fault.code, reason, f"told to answer {fault.code}"), fault.code)


def _echo(fault: Fault, credential: str, truth: Answer) -> web.Response:
    told = failure(fault.code, REASONS.get(fault.code, ""), f"{credential} may not {truth.octets.decode()}")
    headers = {"Content-Type": JSON, "Www-Authenticate": credential}
    return web.Response(status=fault.code, reason=credential, body=json.dumps(told).encode(), headers=headers)


def _clash(fault: Fault, truth: Answer) -> web.Response:
    return _json(failure(409, "Conflict", f"Operation cannot be fulfilled: {CLASH}"), 409)


def _plain_not_found(fault: Fault, truth: Answer) -> web.Response:
    headers = {"Content-Type": NO_SUCH_PATH.content_type}
    return web.Response(status=404, body=NO_SUCH_PATH.octets, headers=headers)


def _octets(octets: bytes, content_type: str = JSON) -> Callable[[Fault, Answer], web.Response]:
    return lambda fault, truth: web.Response(body=octets, headers={"Content-Type": content_type})


@cache
def _bomb() -> bytes:
    return gzip.compress(b" " * HUGE_BYTES, compresslevel=9)


def _gzip_bomb(fault: Fault, truth: Answer) -> web.Response:
    return web.Response(body=_bomb(), headers={"Content-Type": JSON, "Content-Encoding": "gzip"})


def _wrong_kind(fault: Fault, truth: Answer) -> web.Response:
    return _json({**_object(truth), "kind": "ConfigMap", "apiVersion": "v1"}, 200)


def _with_nul(fault: Fault, truth: Answer) -> web.Response:
    told = _object(truth)
    metadata = {**told.get("metadata", {}), "annotations": {"note": "a\0b"}}
    return _json({**told, "metadata": metadata}, truth.code)


def _huge_number(fault: Fault, truth: Answer) -> web.Response:
    told = json.dumps({**_object(truth), "huge": 0})
    octets = told.replace('"huge": 0', f'"huge": 1{"0" * 5_000}').encode()
    return web.Response(status=truth.code, body=octets, headers={"Content-Type": JSON})


def _object(truth: Answer) -> Json:
    return dict(json.loads(truth.octets))


def _json(body: Json, code: int) -> web.Response:
    return web.Response(status=code, body=json.dumps(body).encode(), headers={"Content-Type": JSON})


STREAMS: Final[dict[Deed, Callable[[web.BaseRequest, Answer], Awaitable[None]]]] = {
    Deed.TRUNCATE: _truncated,
    Deed.TRICKLE: _trickled,
    Deed.HUGE_BODY: _huge,
    Deed.ENDLESS_BODY: _endless,
}
ANSWERS: Final[dict[Deed, Callable[[Fault, Answer], web.Response]]] = {
    Deed.REDIRECT: _redirect,
    Deed.REFUSE: _refuse,
    Deed.VERSION_CLASH: _clash,
    Deed.PLAIN_NOT_FOUND: _plain_not_found,
    Deed.GZIP_BOMB: _gzip_bomb,
    Deed.DEEP_JSON: _octets(b"[" * DEPTH + b"]" * DEPTH),
    Deed.BAD_UTF8: _octets(b'{"kind": "\xff\xfe"}'),
    Deed.BAD_CHARSET: _octets(b"{}", "application/json; charset=nobodys-9"),
    Deed.BAD_JSON: _octets(b'{"kind": "Plexd'),
    Deed.HTML: _octets(b"<html><body>It works!</body></html>", "text/html"),
    Deed.LIST: _octets(b"[]"),
    Deed.NOTHING: _octets(b""),
    Deed.WRONG_KIND: _wrong_kind,
    Deed.NUL_ANNOTATION: _with_nul,
    Deed.HUGE_NUMBER: _huge_number,
}
