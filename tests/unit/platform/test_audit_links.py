"""The links of an audit chain: bytes that anybody can recompute."""

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plexsphere.platform.audit.chain import GENESIS, Unchained, canonical_bytes, link

ENTRY = Unchained(
    inbox_id=1,
    occurred_at=datetime(2026, 2, 3, 4, 5, 6, 700, UTC),
    outcome="granted",
    subject="user:ä",
    relation="manage",
    object_type="node",
    object_id="n",
    caveat_context={"z": 1, "a": "<&>"},
    correlation_id="c",
)
PUBLISHED = (
    b'{"caveat_context":{"a":"<&>","z":1},"chain_id":"chain","correlation_id":"c",'
    b'"object":{"id":"n","type":"node"},"occurred_at":"2026-02-03T04:05:06.000700+00:00","outcome":"granted",'
    b'"relation":"manage","seq":7,"subject":"user:\\u00e4"}'
)


def test_the_bytes_are_the_published_ones() -> None:
    assert canonical_bytes("chain", 7, ENTRY) == PUBLISHED


def test_the_hash_binds_the_bytes_to_all_before_them() -> None:
    """The rest contract's formula: sha256(prev_hash || sha256(canonical_bytes))."""
    made = link("chain", 7, GENESIS, ENTRY)

    assert made.entry_hash == sha256(bytes(32) + sha256(PUBLISHED).digest()).digest()
    assert link("chain", 7, b"\x01" * 32, ENTRY).entry_hash != made.entry_hash


@pytest.mark.parametrize("name", [each.name for each in fields(Unchained) if each.name != "inbox_id"])
def test_every_column_is_in_the_hash(name: str) -> None:
    others: dict[str, Any] = {
        "occurred_at": ENTRY.occurred_at + timedelta(microseconds=1),
        "caveat_context": {"z": 1, "a": "<&> "},
    }
    other: Any = others.get(name, f"{getattr(ENTRY, name)}x")
    changed = replace(ENTRY, **{name: other})

    assert canonical_bytes("chain", 7, changed) != PUBLISHED
    assert canonical_bytes("chain", 8, ENTRY) != PUBLISHED
    assert canonical_bytes("other", 7, ENTRY) != PUBLISHED


@given(st.text(), st.text(), st.text())
def test_no_two_entries_share_their_bytes_by_moving_text_between_columns(a: str, b: str, c: str) -> None:
    one = canonical_bytes("chain", 1, replace(ENTRY, subject=a + b, relation=c))
    two = canonical_bytes("chain", 1, replace(ENTRY, subject=a, relation=b + c))

    assert (one == two) == (b == "")
    assert one.isascii()


def test_an_instant_counts_and_not_the_zone_it_is_told_in() -> None:
    """Sealer and verifier read with the session in UTC; another zone would be another text."""
    elsewhere = replace(ENTRY, occurred_at=ENTRY.occurred_at.astimezone(timezone(timedelta(hours=2))))

    assert canonical_bytes("chain", 7, elsewhere) == PUBLISHED
