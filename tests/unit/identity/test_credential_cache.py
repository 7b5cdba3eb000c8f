"""A remembered credential counts for two seconds after each reading of the epoch, and no longer (design D9)."""

import asyncio
from contextlib import suppress

import pytest

from plexsphere.identity.application.credential_cache import FRESH_SECONDS, CredentialCache
from plexsphere.platform.kernel.unit_of_work import StoreUnavailable
from tests.support.identity import FakeClock, MemoryCredentialEpochs, MemoryStore, MemoryUnitOfWork

ADA = bytes(32)
EVE = bytes([1]) * 32


class Scene:
    """One cache over the epochs of a memory store."""

    def __init__(self, capacity: int = 10) -> None:
        self.clock = FakeClock()
        self.store = MemoryStore(self.clock)
        self.epochs = MemoryCredentialEpochs(self.store)
        self.cache: CredentialCache[str] = CredentialCache(self.epochs, self.clock, capacity)

    async def revoke_elsewhere(self) -> None:
        async with MemoryUnitOfWork(self.store)():
            MemoryCredentialEpochs(self.store).raise_()

    async def revoke_here(self) -> None:
        async with MemoryUnitOfWork(self.store)():
            self.epochs.raise_()


@pytest.fixture
async def scene() -> Scene:
    scene = Scene()
    await scene.cache.refresh()
    scene.cache.remember(ADA, "ada", scene.cache.ticket())
    return scene


async def test_what_was_proven_is_remembered(scene: Scene) -> None:
    assert scene.cache.cached(ADA) == "ada"
    assert scene.cache.cached(EVE) is None


async def test_nothing_counts_before_the_epoch_was_read() -> None:
    scene = Scene()
    scene.cache.remember(ADA, "ada", scene.cache.ticket())

    assert scene.cache.cached(ADA) is None


async def test_nothing_counts_two_seconds_after_the_last_reading(scene: Scene) -> None:
    scene.clock.advance(FRESH_SECONDS - 0.01)
    assert scene.cache.cached(ADA) == "ada"

    scene.clock.advance(0.01)
    assert scene.cache.cached(ADA) is None


async def test_a_reading_that_finds_the_same_epoch_lets_entries_count_again(scene: Scene) -> None:
    scene.clock.advance(60)
    await scene.cache.refresh()

    assert scene.cache.cached(ADA) == "ada"


async def test_a_reading_that_finds_another_epoch_forgets_everything(scene: Scene) -> None:
    await scene.revoke_elsewhere()
    assert scene.cache.cached(ADA) == "ada"

    await scene.cache.refresh()
    assert scene.cache.cached(ADA) is None


async def test_a_revocation_of_this_process_is_felt_at_once(scene: Scene) -> None:
    await scene.revoke_here()

    assert scene.cache.cached(ADA) is None


async def test_a_lookup_overtaken_by_a_revocation_is_not_remembered(scene: Scene) -> None:
    ticket = scene.cache.ticket()
    await scene.revoke_elsewhere()
    await scene.cache.refresh()

    scene.cache.remember(EVE, "eve", ticket)

    assert scene.cache.cached(EVE) is None


async def test_the_two_seconds_count_from_the_start_of_a_slow_reading() -> None:
    scene = Scene()

    class SlowEpochs(MemoryCredentialEpochs):
        async def read(self) -> int:
            epoch = await super().read()
            scene.clock.advance(FRESH_SECONDS)
            return epoch

    cache: CredentialCache[str] = CredentialCache(SlowEpochs(scene.store), scene.clock)
    await cache.refresh()
    cache.remember(ADA, "ada", cache.ticket())

    assert cache.cached(ADA) is None


async def test_an_entry_counts_no_longer_than_its_credential_lives(scene: Scene) -> None:
    scene.cache.remember(EVE, "eve", scene.cache.ticket(), seconds_left=1.0)

    assert scene.cache.cached(EVE) == "eve"
    scene.clock.advance(1.0)
    assert scene.cache.cached(EVE) is None


async def test_the_life_of_a_credential_counts_from_before_its_lookup(scene: Scene) -> None:
    ticket = scene.cache.ticket()
    scene.clock.advance(1.0)

    scene.cache.remember(EVE, "eve", ticket, seconds_left=1.0)

    assert scene.cache.cached(EVE) is None


async def test_the_least_recently_used_goes_first() -> None:
    scene = Scene(capacity=2)
    await scene.cache.refresh()
    for name in (b"a", b"b"):
        scene.cache.remember(name, name.decode(), scene.cache.ticket())
    scene.cache.cached(b"a")

    scene.cache.remember(b"c", "c", scene.cache.ticket())

    assert [scene.cache.cached(name) for name in (b"a", b"b", b"c")] == ["a", None, "c"]


async def test_a_remembered_credential_costs_no_lookup(scene: Scene) -> None:
    before = scene.store.lookups

    for _ in range(100):
        scene.cache.cached(ADA)

    assert scene.store.lookups == before


async def test_an_unread_epoch_says_that_the_store_is_away(scene: Scene) -> None:
    scene.store.is_away = True

    with pytest.raises(StoreUnavailable):
        await scene.cache.refresh()


async def test_the_watch_reads_the_epoch_and_outlives_an_outage() -> None:
    scene = Scene()
    read = asyncio.Queue[bool]()

    class TellingEpochs(MemoryCredentialEpochs):
        async def read(self) -> int:
            read.put_nowait(scene.store.is_away)
            return await super().read()

    cache: CredentialCache[str] = CredentialCache(TellingEpochs(scene.store), scene.clock)
    scene.store.is_away = True
    watch = asyncio.create_task(cache.watch())
    assert await read.get() is True
    scene.store.is_away = False
    assert await read.get() is False
    cache.remember(ADA, "ada", cache.ticket())

    watch.cancel()
    with suppress(asyncio.CancelledError):
        await watch
    assert cache.cached(ADA) == "ada"


class HeldEpochs(MemoryCredentialEpochs):
    """Readings that are answered when the test says so, with the epoch of the moment at which they began."""

    def __init__(self, store: MemoryStore) -> None:
        super().__init__(store)
        self.begun: asyncio.Queue[asyncio.Event] = asyncio.Queue()

    async def read(self) -> int:
        epoch = await super().read()
        answer = asyncio.Event()
        self.begun.put_nowait(answer)
        await answer.wait()
        return epoch


async def test_a_reading_that_is_answered_late_does_not_put_off_the_next() -> None:
    scene = Scene()
    epochs = HeldEpochs(scene.store)
    watch = asyncio.create_task(CredentialCache[str](epochs, scene.clock).watch())

    late, next_one = await epochs.begun.get(), await epochs.begun.get()

    assert not late.is_set()
    assert not next_one.is_set()
    watch.cancel()
    with suppress(asyncio.CancelledError):
        await watch


async def test_an_older_reading_that_is_answered_last_brings_no_revoked_credential_back() -> None:
    scene = Scene()
    epochs = HeldEpochs(scene.store)
    cache = CredentialCache[str](epochs, scene.clock)
    older = asyncio.create_task(cache.refresh())
    answer_older = await epochs.begun.get()
    scene.clock.advance(0.5)
    await scene.revoke_elsewhere()
    newer = asyncio.create_task(cache.refresh())
    (await epochs.begun.get()).set()
    await newer
    cache.remember(ADA, "ada", cache.ticket())
    scene.clock.advance(FRESH_SECONDS - 0.1)

    answer_older.set()
    await older

    assert cache.cached(ADA) == "ada"
    scene.clock.advance(0.1)
    assert cache.cached(ADA) is None
