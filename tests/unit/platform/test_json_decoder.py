"""The one decoder: nonsense is refused with a word, and never with a value."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plexsphere.platform.json_decoder import (
    AS_WRITTEN,
    DEEPEST,
    IN_ANY_CASE,
    MalformedJson,
    decode,
    without_nul,
)


class Body(msgspec.Struct):
    """A body that knows some fields and passes over others."""

    count: int = 0
    ratio: float = 0.0
    text: str = ""
    free: Any = None


class Strict(msgspec.Struct, forbid_unknown_fields=True):
    """A body that knows all its fields."""

    count: int = 0


BODY = msgspec.json.Decoder(Body)
STRICT = msgspec.json.Decoder(Strict)
ANYTHING = msgspec.json.Decoder()
FIELDS = ("free", "nobody_knows")


def nested(levels: int, kind: str = "[") -> str:
    return "[" * levels + "]" * levels if kind == "[" else '{"a":' * levels + "1" + "}" * levels


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("kind", ["[", "{"])
@pytest.mark.parametrize("levels", [DEEPEST, 500, 100_000])
def test_depth_is_refused_also_in_fields_that_nobody_reads(field: str, kind: str, levels: int) -> None:
    """H06: whatever the depth, one word and no crash."""
    with pytest.raises(MalformedJson, match="nested too deeply"):
        decode(BODY, f'{{"{field}":{nested(levels, kind)}}}'.encode())


@pytest.mark.parametrize("kind", ["[", "{"])
def test_as_many_levels_as_allowed_pass(kind: str) -> None:
    assert decode(ANYTHING, nested(DEEPEST, kind).encode()) is not None


def test_brackets_in_texts_are_no_levels_and_hide_none() -> None:
    """H06: closing brackets inside texts do not make a deep body look flat."""
    assert decode(ANYTHING, json.dumps(["[[{" * 100, '\\"[[' * 100]).encode())
    with pytest.raises(MalformedJson, match="nested too deeply"):
        decode(ANYTHING, ('["]]",' * 200 + "1" + "]" * 200).encode())


def test_many_flat_objects_are_not_deep() -> None:
    assert len(decode(ANYTHING, json.dumps([{"a": [1]}] * 1000).encode())) == 1000


@pytest.mark.parametrize(
    "octets",
    [
        b'{"text":"\xff"}',
        b'{"nobody_knows":"\xff"}',
        b'{"nobody_knows":"\xed\xa0\x80"}',
        rb'{"text":"\ud800"}',
        rb'{"nobody_knows":"\udfff"}',
        b"\xef\xbb\xbf{}",
        '{"text":"a"}'.encode("utf-16"),
        '{"text":"a"}'.encode("utf-32"),
        b'{"text":"\x00"}',
        b"",
        b"{}{}",
        b'{"ratio":NaN}',
        b'{"nobody_knows":Infinity}',
    ],
)
def test_what_is_no_text_or_no_json_is_refused(octets: bytes) -> None:
    """H07: invalid UTF-8, lone surrogates, other encodings and byte order marks."""
    with pytest.raises(MalformedJson, match="not valid JSON"):
        decode(BODY, octets)


@pytest.mark.parametrize(
    "octets",
    [
        b'{"count":%s}' % (b"9" * 300),
        b'{"free":%s}' % (b"9" * 300),
        b'{"nobody_knows":-%s}' % (b"9" * 5000),
        b'{"count":9223372036854775808}',
        b'{"free":[-9223372036854775809]}',
        b'{"ratio":1e400}',
        b'{"free":1e400}',
        b'{"count":1.0}',
        b'{"count":-0.0}',
        b'{"count":1e3}',
    ],
)
def test_absurd_numbers_are_refused(octets: bytes) -> None:
    """H08: before any of them comes near the database."""
    with pytest.raises(MalformedJson):
        decode(BODY, octets)


@given(st.integers(-(2**70), 2**70))
def test_an_integer_passes_if_and_only_if_64_bits_hold_it(number: int) -> None:
    """H08: in a typed field, in a free one and inside a text."""
    fits = -(2**63) <= number < 2**63
    for octets in (b'{"count":%d}' % number, b'{"free":[%d]}' % number):
        try:
            decode(BODY, octets)
        except MalformedJson:
            assert not fits
        else:
            assert fits
    assert decode(BODY, b'{"text":"%d"}' % number).text == str(number)


@given(st.lists(st.sampled_from(["\\", "u0000", "\x00", "a", "\u0001"])))
def test_nul_is_refused_wherever_it_stands_and_nothing_else_is(pieces: list[str]) -> None:
    """H09: a backslash before the escape makes it a text about NUL."""
    text = "".join(pieces)
    for octets in (json.dumps({"free": [text]}).encode(), json.dumps({"free": {text: 1}}).encode()):
        if "\x00" in text:
            with pytest.raises(MalformedJson, match="a text holds NUL"):
                decode(BODY, octets)
        else:
            assert text in decode(BODY, octets).free


@given(st.lists(st.sampled_from(["\\", "u0000", "\x00", "a", "\u0001", '"'])))
def test_what_a_program_printed_is_read_with_another_character_for_nul_and_is_otherwise_the_same(
    pieces: list[str],
) -> None:
    text = "".join(pieces)
    octets = without_nul(json.dumps({"text": text}).encode())

    assert decode(BODY, octets).text == text.replace("\x00", "\ufffd")


@pytest.mark.parametrize(
    "octets",
    [b'{"text":"a","text":"b"}', b'{"text":"a","Text":"b"}', b'{"x":{"k":1,"k":1}}', rb'{"a":1,"\u0061":2}'],
)
def test_a_key_named_twice_is_refused_where_two_readers_must_not_differ(octets: bytes) -> None:
    """M04: in any case and at any depth."""
    assert decode(BODY, octets) is not None
    with pytest.raises(MalformedJson, match="names a key twice"):
        decode(BODY, octets, unique_keys=IN_ANY_CASE)


def test_keys_that_are_somebodys_own_may_differ_in_case_alone() -> None:
    assert decode(BODY, b'{"text":"a","Text":"b"}', unique_keys=AS_WRITTEN).text == "a"
    with pytest.raises(MalformedJson, match="names a key twice"):
        decode(BODY, b'{"x":{"k":1,"k":1}}', unique_keys=AS_WRITTEN)


@pytest.mark.parametrize(
    "octets",
    [
        b'{"count":"canary"}',
        b'{"plx_api_canary":1}',
        b'{"a`canary":1}',
        b'{"canary canary":1}',
        b'{"%s":1}' % (b"canary" * 1000),
        b'{"count":[{"canary":1}]}',
    ],
)
def test_a_refusal_repeats_nothing_that_could_be_a_value(octets: bytes) -> None:
    """H45: not even where the key is a secret or a megabyte long."""
    with pytest.raises(MalformedJson) as refusal:
        decode(STRICT, octets)

    assert "canary" not in str(refusal.value)
    assert len(str(refusal.value)) < 100


def test_a_refusal_names_the_field_when_it_is_a_plain_name() -> None:
    with pytest.raises(MalformedJson, match="unknown field `colour`"):
        decode(STRICT, b'{"colour":1}')


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text('ab\\[]{}"', max_size=6), inner, max_size=4)
    ),
    max_leaves=80,
)


@given(JSON)
def test_what_makes_sense_is_read_as_it_was_written(document: object) -> None:
    octets = json.dumps(document).encode()

    assert decode(ANYTHING, octets) == document
    assert decode(ANYTHING, octets, unique_keys=IN_ANY_CASE) == document


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused_and_nothing_else(octets: bytes) -> None:
    """H06 to H09: one kind of refusal."""
    try:
        decode(BODY, octets)
    except MalformedJson:
        return
