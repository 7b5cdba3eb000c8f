"""The hash chain of audit entries (design D33; rest contract, audit)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final

GENESIS: Final = bytes(32)


@dataclass(frozen=True, slots=True)
class Unchained:
    """An entry as it lies in the inbox."""

    inbox_id: int
    occurred_at: datetime
    outcome: str
    subject: str
    relation: str
    object_type: str
    object_id: str
    caveat_context: Mapping[str, object]
    correlation_id: str


@dataclass(frozen=True, slots=True)
class Link:
    """An entry with its place in the chain."""

    seq: int
    canonical: bytes
    prev_hash: bytes
    entry_hash: bytes


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The newest entry of a chain at some moment; kept elsewhere, it shows what was cut off later."""

    seq: int
    entry_hash: bytes


@dataclass(frozen=True, slots=True)
class Divergence:
    """
    The first place at which a chain is not what was written.

    A hash is None where there is none to be had: nothing is observed of an entry that is missing, and nothing is
    expected of one that was never sealed.
    """

    seq: int
    expected_hash: bytes | None
    observed_hash: bytes | None


def canonical_bytes(chain_id: str, seq: int, entry: Unchained) -> bytes:
    """Return the bytes an entry is hashed over: one JSON object, keys sorted, ASCII, no white space."""
    document = {
        "chain_id": chain_id,
        "seq": seq,
        "occurred_at": entry.occurred_at.astimezone(UTC).isoformat(),
        "outcome": entry.outcome,
        "subject": entry.subject,
        "relation": entry.relation,
        "object": {"type": entry.object_type, "id": entry.object_id},
        "caveat_context": dict(entry.caveat_context),
        "correlation_id": entry.correlation_id,
    }
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


def link(chain_id: str, seq: int, prev_hash: bytes, entry: Unchained) -> Link:
    """Return the entry's link: `entry_hash = sha256(prev_hash || sha256(canonical_bytes))`."""
    canonical = canonical_bytes(chain_id, seq, entry)
    return Link(seq, canonical, prev_hash, hash_of(prev_hash, canonical))


def hash_of(prev_hash: bytes, canonical: bytes) -> bytes:
    """Return the hash that binds an entry to all before it."""
    return sha256(prev_hash + sha256(canonical).digest()).digest()
