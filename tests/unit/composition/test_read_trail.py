import logging

import pytest

from plexsphere.composition.read_trail import MOST_WAITING, ReadTrail
from plexsphere.platform.kernel.audit import AuditEntry
from plexsphere.platform.kernel.subjects import domain_object
from plexsphere.platform.kernel.unit_of_work import StoreUnavailable
from tests.support.api import ALICE, DOMAIN
from tests.support.identity import FakeClock, MemoryStore, MemoryUnitOfWork
from tests.support.operator_api import CommittedTrail


class Reading:
    """A trail of reads over a store in memory."""

    def __init__(self) -> None:
        self.store = MemoryStore(FakeClock())
        self.trail = CommittedTrail(self.store)
        self.reads = ReadTrail(MemoryUnitOfWork(self.store), self.trail)

    def note(self, times: int = 1) -> None:
        for number in range(times):
            entry = AuditEntry(
                DOMAIN,
                str(ALICE.subject),
                "managed_push.target.read",
                domain_object(DOMAIN),
                caveat_context={"number": number},
            )
            self.reads.note(entry)

    def written(self) -> list[int | str]:
        return [entry.caveat_context["number"] for entry in self.trail.entries]


async def test_a_read_is_written_with_the_next_flush_and_once() -> None:
    reading = Reading()
    reading.note(3)
    was_written = reading.written()

    await reading.reads.flush()
    await reading.reads.flush()

    assert (was_written, reading.written()) == ([], [0, 1, 2])


async def test_what_cannot_be_written_waits_in_its_order() -> None:
    reading = Reading()
    reading.note(2)
    reading.trail.failure = StoreUnavailable()
    with pytest.raises(StoreUnavailable):
        await reading.reads.flush()
    reading.trail.failure = None
    reading.note(1)

    await reading.reads.flush()

    assert reading.written() == [0, 1, 0]


async def test_a_flood_of_reads_is_bounded_and_what_is_left_out_is_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.WARNING)
    reading = Reading()
    reading.note(MOST_WAITING + 5)
    reading.trail.failure = StoreUnavailable()
    with pytest.raises(StoreUnavailable):
        await reading.reads.flush()
    reading.trail.failure = None

    await reading.reads.flush()

    assert len(reading.written()) == MOST_WAITING
    assert [record.getMessage() for record in caplog.records] == [
        "5 granted reads are not in the audit trail: too many at once"
    ]
