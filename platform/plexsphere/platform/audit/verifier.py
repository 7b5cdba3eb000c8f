"""Verifies that a chain is what was written (design D33; rest contract, VerifyAuditChain)."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from plexsphere.platform.audit.chain import GENESIS, Checkpoint, Divergence, hash_of, link
from plexsphere.platform.audit.reader import ChainReader, Head, StoredEntry

BATCH: Final = 500
AT_ONCE: Final = 100


@dataclass(frozen=True, slots=True)
class Verification:
    """What was found in the entries from `segment_from` to `segment_to`, and what no chain protects yet."""

    segment_from: int
    segment_to: int
    divergence: Divergence | None
    unsealed: int
    oldest_unsealed: timedelta

    @property
    def ok(self) -> bool:
        """Tell whether every entry of the segment is what was written."""
        return self.divergence is None


@dataclass(frozen=True, slots=True)
class AuditVerifier:
    """
    Recomputes entries from their columns and compares them with their links and the head of the chain.

    Whoever may write every table can build a whole chain anew, head included. A checkpoint that was kept elsewhere
    shows that, too.
    """

    reader: ChainReader

    async def checkpoint(self, chain: UUID) -> Checkpoint:
        """Return the newest sealed entry, to be kept where nobody who can write the database can change it."""
        return (await self.reader.head(chain)).checkpoint

    async def verify(
        self,
        chain: UUID,
        from_seq: int = 1,
        to_seq: int | None = None,
        checkpoint: Checkpoint | None = None,
    ) -> Verification:
        """
        Return the first divergence from `from_seq` to `to_seq`, or to the last entry sealed by now.

        The entry before `from_seq` is taken at its word. Any number of entries is read, a few hundred at a time.

        Raises:
            ValueError: `from_seq` is below 1, or `to_seq` below `from_seq`.
        """
        if from_seq < 1 or (to_seq is not None and to_seq < from_seq):
            raise ValueError("a segment begins at 1 or later and does not end before it begins")
        head = await self.reader.head(chain)
        sealed = head.checkpoint.seq
        last = sealed if to_seq is None else min(to_seq, sealed)
        divergence = await _Walk(self.reader, chain, checkpoint).over(from_seq, last)
        if divergence is None and (to_seq is None or to_seq >= sealed):
            divergence = await self._beyond(chain, head, checkpoint)
        return Verification(from_seq, max(from_seq, last), divergence, head.unsealed, head.oldest_unsealed)

    async def _beyond(self, chain: UUID, head: Head, checkpoint: Checkpoint | None) -> Divergence | None:
        sealed = head.checkpoint
        newest = await self._hash_at(chain, sealed.seq)
        if newest != sealed.entry_hash:
            return Divergence(max(1, sealed.seq), sealed.entry_hash, newest)
        if head.forged_from is not None:
            return Divergence(head.forged_from, None, await self._hash_at(chain, head.forged_from))
        if checkpoint is not None and checkpoint.seq > sealed.seq:
            expected = checkpoint.entry_hash if checkpoint.seq == sealed.seq + 1 else None
            return Divergence(sealed.seq + 1, expected, None)
        return None

    async def _hash_at(self, chain: UUID, seq: int) -> bytes | None:
        if seq == 0:
            return GENESIS
        stored = await self.reader.entries(chain, seq, seq, 1)
        return stored[0].link.entry_hash if stored else None


@dataclass(frozen=True, slots=True)
class _Walk:
    reader: ChainReader
    chain: UUID
    checkpoint: Checkpoint | None

    async def over(self, first: int, last: int) -> Divergence | None:
        """Return the first divergence of these entries."""
        if first > last:
            return None
        prev_hash = await self._before(first)
        if prev_hash is None:
            return Divergence(first - 1, None, None)
        while first <= last:
            entries = await self.reader.entries(self.chain, first, last, BATCH)
            for entry in entries:
                divergence = self._compare(entry, first, prev_hash)
                if divergence is not None:
                    return divergence
                prev_hash, first = entry.link.entry_hash, first + 1
                if first % AT_ONCE == 0:
                    await asyncio.sleep(0)
            if not entries:
                return Divergence(first, None, None)
        return None

    async def _before(self, first: int) -> bytes | None:
        if first == 1:
            return GENESIS
        before = await self.reader.entries(self.chain, first - 1, first - 1, 1)
        return before[0].link.entry_hash if before else None

    def _compare(self, entry: StoredEntry, seq: int, prev_hash: bytes) -> Divergence | None:
        stored = entry.link
        if stored.seq != seq:
            # Entries are missing; the one behind the gap tells the hash of the last of them.
            return Divergence(seq, stored.prev_hash if stored.seq == seq + 1 else None, None)
        if entry.content is None:
            return Divergence(seq, None, stored.entry_hash)
        expected = link(str(self.chain), seq, prev_hash, entry.content)
        if stored != expected:
            # Where the hash itself is untouched, the stored link is not the one it was made of.
            unlike = stored.entry_hash != expected.entry_hash
            observed = stored.entry_hash if unlike else hash_of(stored.prev_hash, stored.canonical)
            return Divergence(seq, expected.entry_hash, observed)
        if self.checkpoint is not None and self.checkpoint.seq == seq:
            return _unlike(self.checkpoint, stored.entry_hash)
        return None


def _unlike(checkpoint: Checkpoint, observed: bytes) -> Divergence | None:
    if observed == checkpoint.entry_hash:
        return None
    return Divergence(checkpoint.seq, checkpoint.entry_hash, observed)
