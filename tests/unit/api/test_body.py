import gzip
import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plexsphere.api import catalogue
from plexsphere.api.body import MOST_MEMBERS, BodyRule, Disconnected, read
from plexsphere.api.problem import Problem, Refusal


class Named(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    count: int = 0


class Tolerant(msgspec.Struct, frozen=True):
    name: str


CAP: Final = 1024
RULE: Final = BodyRule(msgspec.json.Decoder(Named), cap=CAP)
JSON: Final = {"content-type": "application/json"}
GZIP: Final = {**JSON, "content-encoding": "gzip"}


class Chunks:
    """A body in pieces, which counts how many were taken."""

    def __init__(self, *pieces: bytes) -> None:
        self._pieces = pieces
        self.taken = 0

    async def __call__(self) -> dict[str, Any]:
        self.taken += 1
        more = self.taken < len(self._pieces)
        return {"type": "http.request", "body": self._pieces[self.taken - 1], "more_body": more}


async def refused(octets: bytes, headers: Mapping[str, str] = JSON) -> Problem:
    with pytest.raises(Refusal) as refusal:
        await read(Chunks(octets), headers, RULE)
    return refusal.value.problem


def padded(length: int) -> bytes:
    head, tail = b'{"name":"', b'"}'
    return head + b"x" * (length - len(head) - len(tail)) + tail


async def test_a_body_of_exactly_the_cap_is_read() -> None:
    """H10: at cap-1 and cap."""
    assert (await read(Chunks(padded(CAP)), JSON, RULE)).name
    assert (await read(Chunks(padded(CAP - 1)), JSON, RULE)).name


async def test_a_body_one_byte_beyond_the_cap_is_refused() -> None:
    """H10: at cap+1."""
    assert await refused(padded(CAP + 1)) is catalogue.BODY_TOO_LARGE


async def test_reading_stops_as_soon_as_the_cap_is_passed() -> None:
    """H10: the rest of an oversized body is never taken."""
    chunks = Chunks(*[b"x" * 600] * 100)

    with pytest.raises(Refusal):
        await read(chunks, JSON, RULE)

    assert chunks.taken == 2


async def test_no_body_at_all_is_invalid() -> None:
    assert await refused(b"") is catalogue.INVALID_BODY


async def test_a_client_that_leaves_in_the_middle_did_nothing() -> None:
    async def gone() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    with pytest.raises(Disconnected):
        await read(gone, JSON, RULE)


@pytest.mark.parametrize(
    "octets",
    [
        b"[" * 500 + b"]" * 500,
        b'{"name":"\xff"}',
        b'{"name":"\\ud800"}',
        '{"name":"a"}'.encode("utf-16"),
        b'\xef\xbb\xbf{"name":"a"}',
        b'{"name":"\\u0000"}',
        b'{"name":"a\x00"}',
        b'{"name":"a","count":1e400}',
        b'{"name":"a","count":1.5}',
        b'{"name":"a","count":"1"}',
        b'{"name":"a","id":"b"}',
        b'{"name":"a"} {"name":"b"}',
        b"null",
        b"NaN",
        b"name=a",
    ],
)
async def test_what_is_not_the_wanted_json_is_an_invalid_body(octets: bytes) -> None:
    """H06 depth, H07 encodings, H08 numbers, H09 NUL, M05 unknown fields: 400, never 500."""
    assert await refused(octets) is catalogue.INVALID_BODY


@settings(max_examples=150)
@given(st.binary(max_size=200))
async def test_no_bytes_at_all_do_anything_but_pass_or_be_refused(octets: bytes) -> None:
    """H06 to H09: whatever comes."""
    with suppress(Refusal):
        body = await read(Chunks(octets), JSON, RULE)
        assert body.name is not None


@pytest.mark.parametrize("depth", [65, 100_000])
async def test_depth_in_a_field_that_nobody_reads_is_an_invalid_body(depth: int) -> None:
    """H06: 400, in unknown fields as well, and the process lives on."""
    rule = BodyRule(msgspec.json.Decoder(Tolerant), cap=1_000_000)
    deep = b'{"name":"a","x":' + b"[" * depth + b"]" * depth + b"}"

    with pytest.raises(Refusal) as refusal:
        await read(Chunks(deep), JSON, rule)

    assert refusal.value.problem is catalogue.INVALID_BODY


async def test_a_refusal_never_quotes_what_was_sent() -> None:
    """H45: a canary in a malformed body does not come back."""
    with pytest.raises(Refusal) as refusal:
        await read(Chunks(b'{"name":{"canary-1234":1}}'), JSON, RULE)

    assert "canary" not in refusal.value.detail
    assert "canary" not in str(refusal.value)


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "multipart/form-data", "application/json; charset=utf-16", "application/xml"],
)
async def test_another_media_type_is_not_parsed(content_type: str) -> None:
    """M03: wrong type, wrong charset, multipart."""
    problem = await refused(b'{"name":"a"}', {"content-type": content_type})

    assert problem is catalogue.UNSUPPORTED_MEDIA_TYPE


@pytest.mark.parametrize("content_type", ["", "application/json", 'Application/JSON; charset="UTF-8"'])
async def test_json_is_json_however_it_is_spelt(content_type: str) -> None:
    body = await read(Chunks(b'{"name":"a"}'), {"content-type": content_type}, RULE)

    assert body.name == "a"


@pytest.mark.parametrize("encoding", ["br", "deflate", "gzip, gzip", "x-gzip"])
async def test_an_unknown_encoding_is_refused(encoding: str) -> None:
    problem = await refused(b'{"name":"a"}', {**JSON, "content-encoding": encoding})

    assert problem is catalogue.UNSUPPORTED_ENCODING


@given(st.lists(st.text("abcdef", max_size=20), min_size=1, max_size=5))
async def test_a_body_in_any_number_of_gzip_members_is_read_whole(pieces: list[str]) -> None:
    text = json.dumps({"name": "".join(pieces)}).encode()
    cuts = [text[place : place + 7] for place in range(0, len(text), 7)]

    body = await read(Chunks(b"".join(map(gzip.compress, cuts))), GZIP, RULE)

    assert body.name == "".join(pieces)


@pytest.mark.parametrize(("members", "refused_as"), [(MOST_MEMBERS, None), (MOST_MEMBERS + 1, RULE.invalid)])
async def test_a_body_has_so_many_gzip_members_and_no_more(members: int, refused_as: Problem | None) -> None:
    """H02: thousands of tiny ones would cost the square of the body before any credential is looked at."""
    octets = gzip.compress(b"") * (members - 1) + gzip.compress(b'{"name":"a"}')
    rule = BodyRule(RULE.decoder, cap=256 * CAP)

    if refused_as is None:
        assert (await read(Chunks(octets), GZIP, rule)).name == "a"
        return
    with pytest.raises(Refusal) as refusal:
        await read(Chunks(octets), GZIP, rule)
    assert refusal.value.problem is refused_as


async def test_a_bomb_is_refused_at_the_cap() -> None:
    assert await refused(gzip.compress(b"x" * 1_000_000)[:CAP], GZIP) is catalogue.BODY_TOO_LARGE


@pytest.mark.parametrize("damage", [b"", b"\x1f", b"not gzip"])
async def test_what_is_no_gzip_is_an_invalid_body(damage: bytes) -> None:
    assert await refused(damage, GZIP) is catalogue.INVALID_BODY


@given(st.data())
async def test_a_cut_gzip_body_is_an_invalid_body(data: st.DataObject) -> None:
    whole = gzip.compress(b'{"name":"a"}')
    cut = data.draw(st.integers(1, len(whole) - 1))

    assert await refused(whole[:cut], GZIP) is catalogue.INVALID_BODY
