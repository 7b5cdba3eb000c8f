"""Octets come through as they are, part by part, and never more than may come."""

import gzip
import zlib
from collections.abc import Mapping, Sequence
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plexsphere.api import catalogue
from plexsphere.api.body import INFLATE_STEP, MOST_MEMBERS, Disconnected
from plexsphere.api.octets import OctetsRule, octets
from plexsphere.api.problem import Problem, Refusal

CAP: Final = 4 * INFLATE_STEP
TOO_LARGE: Final = Problem(413, "too_large", "Too large.")
RULE: Final = OctetsRule(CAP, TOO_LARGE)
GZIP: Final = {"content-encoding": "gzip"}


class Body:
    """A body in pieces, which counts how many were taken; it may break off instead of ending."""

    def __init__(self, pieces: Sequence[bytes], *, is_cut: bool = False) -> None:
        self._pieces = pieces
        self._is_cut = is_cut
        self.taken = 0

    async def __call__(self) -> dict[str, Any]:
        if self.taken == len(self._pieces):
            return {"type": "http.disconnect"}
        self.taken += 1
        more = self._is_cut or self.taken < len(self._pieces)
        return {"type": "http.request", "body": self._pieces[self.taken - 1], "more_body": more}


async def taken(body: Body, headers: Mapping[str, str] | None = None) -> list[bytes]:
    """Return the parts."""
    return [part async for part in octets(body, headers or {}, RULE)]


async def refused(body: Body, headers: Mapping[str, str] | None = None) -> Problem:
    with pytest.raises(Refusal) as refusal:
        await taken(body, headers)
    return refusal.value.problem


async def test_a_body_comes_part_by_part() -> None:
    assert await taken(Body([b"one", b"", b"two"])) == [b"one", b"two"]
    assert await taken(Body([b""])) == []


async def test_a_body_of_the_cap_is_taken_and_one_octet_more_is_not() -> None:
    """H10: at cap and cap+1, told or not."""
    assert len(b"".join(await taken(Body([bytes(CAP - 1), b"x"])))) == CAP
    assert await refused(Body([bytes(CAP), b"x"])) is TOO_LARGE


async def test_what_is_announced_as_too_large_is_not_begun() -> None:
    body = Body([bytes(10)])

    assert await refused(body, {"content-length": str(CAP + 1)}) is TOO_LARGE
    assert body.taken == 0


async def test_of_a_body_without_an_end_no_more_is_taken_than_may_be() -> None:
    body = Body([bytes(INFLATE_STEP)] * 1000)

    assert await refused(body) is TOO_LARGE
    assert body.taken == CAP // INFLATE_STEP + 1


async def test_a_body_that_breaks_off_is_no_body() -> None:
    with pytest.raises(Disconnected):
        await taken(Body([b"half"], is_cut=True))


@pytest.mark.parametrize("media", ["application/json", "text/plain", "multipart/form-data; boundary=x"])
async def test_octets_come_as_octets_or_without_a_name(media: str) -> None:
    assert await refused(Body([b"x"]), {"content-type": media}) is catalogue.UNSUPPORTED_MEDIA_TYPE
    assert await taken(Body([b"x"]), {"content-type": "Application/Octet-Stream; x=y"}) == [b"x"]


@pytest.mark.parametrize("encoding", ["br", "deflate", "gzip, gzip", "zstd"])
async def test_an_encoding_that_nobody_undoes_is_refused(encoding: str) -> None:
    assert await refused(Body([b"x"]), {"content-encoding": encoding}) is catalogue.UNSUPPORTED_ENCODING


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=8), st.integers(1, 64))
async def test_gzip_of_any_members_in_any_pieces_inflates_to_what_it_was(
    members: list[bytes], size: int
) -> None:
    packed = b"".join(map(gzip.compress, members))
    pieces = [packed[start : start + size] for start in range(0, len(packed), size)]

    assert b"".join(await taken(Body(pieces), GZIP)) == b"".join(members)


@pytest.mark.parametrize("length", [INFLATE_STEP - 1, INFLATE_STEP, 2 * INFLATE_STEP, CAP])
async def test_what_inflates_to_much_comes_in_small_parts_and_whole(length: int) -> None:
    parts = await taken(Body([gzip.compress(bytes(length))]), GZIP)

    assert sum(map(len, parts)) == length
    assert max(map(len, parts)) <= INFLATE_STEP


async def test_a_bomb_is_inflated_to_the_cap_and_no_further() -> None:
    """H11: a gzip bomb."""
    assert await refused(Body([gzip.compress(bytes(64 * CAP))]), GZIP) is TOO_LARGE


@pytest.mark.parametrize(
    "packed",
    [
        b"",
        b"no gzip",
        gzip.compress(b"x", mtime=0)[:-1],
        gzip.compress(b"x", mtime=0) + b"rest",
        zlib.compress(b"x"),
        gzip.compress(b"", mtime=0) * (MOST_MEMBERS + 1),
    ],
)
async def test_what_is_no_gzip_is_refused(packed: bytes) -> None:
    assert await refused(Body([packed]), GZIP) is catalogue.INVALID_BODY
