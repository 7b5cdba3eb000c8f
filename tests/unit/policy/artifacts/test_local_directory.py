"""A folder holds whole contents under their digests, and gives what it holds only when it is what was released."""

import asyncio
import os
import stat
import threading
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from plexsphere.platform.ids import mint_id
from plexsphere.policy.adapters.local_directory.artifact_store import LocalDirectory
from plexsphere.policy.adapters.local_directory.outgoing import PART
from plexsphere.policy.adapters.local_directory.steps import AT_ONCE
from plexsphere.policy.domain.artifacts.artifact import Content
from plexsphere.policy.domain.artifacts.errors import EmptyArtifact
from plexsphere.policy.ports.artifacts.artifact_store import ContentBroken, Fault, StoreUnusable
from tests.support.artifacts import A_BINARY, OTHER_BINARY, coming, content_of
from tests.support.bare_server import until
from tests.support.identity import FakeClock

HOUR: Final = timedelta(hours=1)
# Some parts, and not a whole number of them.
LARGE: Final = bytes(range(256)) * (5 * PART // 256) + b"the end"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "artifacts"


@pytest.fixture
def store(folder: Path) -> LocalDirectory:
    return LocalDirectory(folder, FakeClock(), mint_id)


async def kept(store: LocalDirectory, *parts: bytes) -> Content:
    """Keep what comes."""
    async with store.staged(coming(*parts)) as staged:
        await staged.keep()
        return staged.content


async def given(store: LocalDirectory, content: Content) -> bytes:
    """Return what the store gives of a content."""
    async with store.opened(content) as parts:
        return b"".join([part async for part in parts])


def mode_of(path: Path) -> int:
    return path.stat().st_mode & 0o777


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


async def test_what_is_kept_is_given_again_in_parts_under_its_digest(
    store: LocalDirectory, folder: Path
) -> None:
    content = await kept(store, LARGE[:7], LARGE[7 : PART * 2], LARGE[PART * 2 :])

    assert content == content_of(LARGE)
    assert await given(store, content) == LARGE
    assert names(folder) == {content.sha256}


async def test_a_content_is_on_its_disk_before_it_has_its_name_and_then_the_name_is(
    store: LocalDirectory, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """H44: whatever ends the machine, a file under a digest is whole."""
    done: list[str] = []
    fsync, replace = os.fsync, os.replace

    def synced(handle: int) -> None:
        done.append("folder" if stat.S_ISDIR(os.fstat(handle).st_mode) else f"{os.fstat(handle).st_size}")
        fsync(handle)

    def renamed(source: Path, target: Path) -> None:
        done.append(target.name)
        replace(source, target)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(os, "replace", renamed)
    content = await kept(store, LARGE)

    assert done == [str(len(LARGE)), content.sha256, "folder"]


async def test_four_files_are_compared_at_once_and_the_loop_waits_for_none(
    store: LocalDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    content, pread = await kept(store, A_BINARY), os.pread
    reading, most, may_read = [0], [0], threading.Event()

    def slow(handle: int, count: int, start: int) -> bytes:
        reading[0] += 1
        most[0] = max(most[0], reading[0])
        may_read.wait(10)
        reading[0] -= 1
        return pread(handle, count, start)

    monkeypatch.setattr(os, "pread", slow)
    fetches = [asyncio.create_task(given(store, content)) for _ in range(12)]
    await until(lambda: reading[0] == AT_ONCE)
    await asyncio.sleep(0.05)
    assert most[0] == AT_ONCE
    may_read.set()

    assert await asyncio.gather(*fetches) == [A_BINARY] * 12


async def test_who_came_first_has_his_file_compared_to_its_end_before_a_fifth_is_begun(
    store: LocalDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    content, pread = await kept(store, LARGE), os.pread
    read: list[int] = []

    def noted(handle: int, count: int, start: int) -> bytes:
        read.append(handle)
        return pread(handle, count, start)

    monkeypatch.setattr(os, "pread", noted)
    assert await asyncio.gather(*(given(store, content) for _ in range(12))) == [LARGE] * 12

    fifth = read.index(list(dict.fromkeys(read))[AT_ONCE])
    assert max(Counter(read[:fifth]).values()) >= -(-len(LARGE) // PART)


async def test_only_its_owner_reads_a_content_and_the_folder_that_was_made(
    store: LocalDirectory, folder: Path
) -> None:
    content = await kept(store, A_BINARY)

    assert mode_of(folder / content.sha256) == 0o600
    assert mode_of(folder) == 0o700


async def test_a_folder_that_is_there_keeps_its_permissions_and_what_it_holds(folder: Path) -> None:
    os.mkdir(folder, 0o755)
    content = await kept(LocalDirectory(folder, FakeClock(), mint_id), A_BINARY)

    assert mode_of(folder) == 0o755
    assert await given(LocalDirectory(folder, FakeClock(), mint_id), content) == A_BINARY


async def test_what_is_not_kept_leaves_nothing(store: LocalDirectory, folder: Path) -> None:
    async with store.staged(coming(A_BINARY)) as staged:
        assert staged.content == content_of(A_BINARY)
        assert len(names(folder)) == 1

    assert names(folder) == set()


async def test_what_breaks_off_leaves_nothing(store: LocalDirectory, folder: Path) -> None:
    async def breaking() -> AsyncIterator[bytes]:
        yield A_BINARY
        raise ConnectionError

    with pytest.raises(ConnectionError):
        async with store.staged(breaking()):
            raise AssertionError

    assert names(folder) == set()


async def test_an_upload_that_is_given_up_leaves_nothing(store: LocalDirectory, folder: Path) -> None:
    begun = asyncio.Event()

    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield LARGE
            begun.set()

    async def upload() -> None:
        async with store.staged(endless()):
            raise AssertionError

    task = asyncio.create_task(upload())
    await begun.wait()
    task.cancel()
    await asyncio.wait([task])

    assert task.cancelled()
    assert names(folder) == set()


class HeldOpening:
    """Opens files only once it may, and knows which of them were not closed."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._open, self._close, self._may_open = os.open, os.close, threading.Event()
        self.is_asked, self.left = threading.Event(), set[int]()
        monkeypatch.setattr(os, "open", self._opened)
        monkeypatch.setattr(os, "close", self._closed)

    def _opened(self, *given: Any) -> int:
        self.is_asked.set()
        self._may_open.wait(10)
        self.left.add(handle := self._open(*given))
        return handle

    def _closed(self, handle: int) -> None:
        self.left.discard(handle)
        self._close(handle)

    async def cancel_meanwhile(self, work: Coroutine[Any, Any, object]) -> asyncio.Task[object]:
        """Cancel what opens a file before the file is open, and return what came of it."""
        task = asyncio.create_task(work)
        await until(self.is_asked.is_set)
        task.cancel()
        await asyncio.sleep(0)
        self._may_open.set()
        await asyncio.wait([task])
        return task


async def test_an_upload_that_is_given_up_while_its_file_is_made_leaves_nothing(
    store: LocalDirectory, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opening = HeldOpening(monkeypatch)

    task = await opening.cancel_meanwhile(kept(store, A_BINARY))

    assert task.cancelled()
    assert opening.left == set()
    assert names(folder) == set()


async def test_a_fetch_that_is_given_up_while_its_file_is_opened_leaves_it_closed(
    store: LocalDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = await kept(store, A_BINARY)
    opening = HeldOpening(monkeypatch)

    task = await opening.cancel_meanwhile(given(store, content))

    assert task.cancelled()
    assert opening.left == set()


async def test_nothing_is_no_content(store: LocalDirectory, folder: Path) -> None:
    with pytest.raises(EmptyArtifact):
        await kept(store, b"")

    assert names(folder) == set()


def flip(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(PART + 17)
        octet = file.read(1)
        file.seek(PART + 17)
        file.write(bytes([octet[0] ^ 1]))


def replace_by_a_link(path: Path) -> None:
    elsewhere = path.parent.parent / "elsewhere"
    path.rename(elsewhere)
    path.symlink_to(elsewhere)


def replace_by_a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def replace_by_a_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


DAMAGES: Final[dict[Fault, list[Callable[[Path], object]]]] = {
    Fault.MISSING: [Path.unlink],
    Fault.OTHER_SIZE: [
        lambda path: os.truncate(path, len(LARGE) - 1),
        lambda path: path.write_bytes(LARGE + b"x"),
        lambda path: path.write_bytes(b""),
    ],
    Fault.OTHER_DIGEST: [flip, lambda path: path.write_bytes(bytes(len(LARGE)))],
    Fault.NO_REGULAR_FILE: [replace_by_a_link, replace_by_a_folder, replace_by_a_pipe],
}


@pytest.mark.parametrize(
    ("fault", "damage"), [(fault, damage) for fault, damages in DAMAGES.items() for damage in damages]
)
async def test_of_a_content_that_is_not_what_was_released_not_one_octet_is_given(
    fault: Fault, damage: Callable[[Path], object], store: LocalDirectory, folder: Path
) -> None:
    """H44: flipped, cut, replaced, or a link."""
    content = await kept(store, LARGE)
    damage(folder / content.sha256)

    with pytest.raises(ContentBroken) as broken:
        async with store.opened(content):
            raise AssertionError

    assert broken.value.fault is fault


async def test_a_content_is_whole_again_once_it_is_kept_again(store: LocalDirectory, folder: Path) -> None:
    content = await kept(store, LARGE)
    flip(folder / content.sha256)

    assert await kept(store, LARGE) == content
    assert await given(store, content) == LARGE


@pytest.mark.parametrize(
    ("damage", "fault"),
    [
        (flip, Fault.CHANGED_WHILE_SENT),
        (lambda path: os.truncate(path, PART + 1), Fault.OTHER_SIZE),
    ],
)
async def test_what_changes_while_it_is_given_ends_before_the_first_octet_that_differs(
    damage: Callable[[Path], object], fault: Fault, store: LocalDirectory, folder: Path
) -> None:
    """H44: never a complete wrong body."""
    content, received = await kept(store, LARGE), bytearray()

    async def read() -> None:
        async with store.opened(content) as parts:
            async for part in parts:
                received.extend(part)
                damage(folder / content.sha256)

    with pytest.raises(ContentBroken) as broken:
        await read()

    assert broken.value.fault is fault
    assert bytes(received) == LARGE[:PART]


@pytest.mark.parametrize("change", [Path.unlink, lambda path: os.replace(_other(path), path)])
async def test_a_file_that_is_removed_or_replaced_meanwhile_is_given_to_its_end(
    change: Callable[[Path], object], store: LocalDirectory, folder: Path
) -> None:
    """H44: what was found whole is what is sent."""
    content, received = await kept(store, LARGE), bytearray()

    async with store.opened(content) as parts:
        async for part in parts:
            received += part
            if len(received) == PART:
                change(folder / content.sha256)

    assert bytes(received) == LARGE


def _other(path: Path) -> Path:
    other = path.with_name("other")
    other.write_bytes(bytes(len(LARGE)))
    return other


async def test_a_store_that_cannot_be_written_to_takes_nothing(store: LocalDirectory, folder: Path) -> None:
    os.rmdir(folder)

    with pytest.raises(StoreUnusable):
        await kept(store, A_BINARY)


async def test_a_full_disk_takes_nothing_and_keeps_nothing(
    store: LocalDirectory, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(StoreUnusable):
        await kept(store, A_BINARY)

    assert names(folder) == set()


def test_a_file_in_place_of_the_folder_is_refused_at_once(folder: Path) -> None:
    folder.write_bytes(b"")

    with pytest.raises(FileExistsError):
        LocalDirectory(folder, FakeClock(), mint_id)


def age(path: Path, by: timedelta) -> None:
    """Let a file be older than the clock of these tests."""
    then = (FakeClock().now() - by).timestamp()
    os.utime(path, (then, then))


async def test_what_was_begun_long_ago_is_removed_and_what_is_being_written_stays(
    store: LocalDirectory, folder: Path
) -> None:
    async with store.staged(coming(A_BINARY)):
        [fresh] = names(folder)
        left, strange = folder / ".incoming-left", folder / "notes.txt"
        for path in (left, strange):
            path.write_bytes(OTHER_BINARY)
            age(path, 2 * HOUR)

        assert await store.forget_unfinished(HOUR) == 1
        assert names(folder) == {fresh, strange.name}


async def test_contents_that_settled_are_told_by_their_digests_and_can_be_forgotten(
    store: LocalDirectory, folder: Path
) -> None:
    old, young = await kept(store, A_BINARY), await kept(store, OTHER_BINARY)
    age(folder / old.sha256, 2 * HOUR)
    age(folder / young.sha256, HOUR / 2)
    (folder / "notes.txt").write_bytes(b"")

    assert await store.settled(HOUR) == {old.sha256}
    await store.forget(old.sha256)
    await store.forget(old.sha256)
    await store.forget("../artifacts/notes.txt")
    assert names(folder) == {young.sha256, "notes.txt"}


async def test_a_folder_that_is_named_like_a_file_of_ours_is_let_be(
    store: LocalDirectory, folder: Path
) -> None:
    strange = {"a" * 64, ".incoming-1"}
    for name in strange:
        (folder / name).mkdir()
        age(folder / name, 2 * HOUR)

    assert await store.settled(HOUR) == frozenset()
    assert await store.forget_unfinished(HOUR) == 0
    assert names(folder) == strange
