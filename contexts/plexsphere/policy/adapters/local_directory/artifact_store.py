"""Contents of artifacts in one folder, which all processes that hand them out share."""

import asyncio
import stat
from collections.abc import AsyncGenerator, AsyncIterator, Generator
from contextlib import aclosing, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from plexsphere.platform.kernel.clock import Clock
from plexsphere.platform.kernel.ids import MintsIds
from plexsphere.policy.adapters.local_directory.incoming import Incoming
from plexsphere.policy.adapters.local_directory.outgoing import Outgoing
from plexsphere.policy.adapters.local_directory.steps import AT_ONCE, Steps
from plexsphere.policy.domain.artifacts.artifact import Content, is_digest
from plexsphere.policy.domain.artifacts.errors import EmptyArtifact
from plexsphere.policy.ports.artifacts.artifact_store import StoreUnusable

OWNER_ONLY: Final = 0o700
PASSING: Final = ".incoming-"
WRITTEN_AT_ONCE: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class StagedFile:
    """Answers the port `Staged`."""

    incoming: Incoming
    folder: Path
    steps: Steps

    @property
    def content(self) -> Content:
        """Return what was written."""
        return self.incoming.content()

    async def keep(self) -> None:
        """Rename the file to its digest."""
        with _unusable():
            await self.steps(self.incoming.move, self.folder)


class LocalDirectory:
    """
    Answers the port `ArtifactStore`: each content is a file named by its digest, that only its owner reads.

    A file is written under a passing name in the same folder, and renamed when it is whole and on its disk. Four files
    are compared with their digests at once; who comes fifth waits.
    """

    def __init__(self, folder: Path, clock: Clock, mint_id: MintsIds) -> None:
        """
        Use a folder; made, with mode 0700, when it is not there.

        Raises:
            OSError: it cannot be made, or is no folder.
        """
        folder.mkdir(OWNER_ONLY, parents=True, exist_ok=True)
        self._folder: Final = folder
        self._clock: Final = clock
        self._mint_id: Final = mint_id
        self._steps: Final = Steps()
        self._verifying: Final = asyncio.Semaphore(AT_ONCE)

    @asynccontextmanager
    async def staged(self, parts: AsyncIterator[bytes], /) -> AsyncGenerator[StagedFile]:
        """Write what comes under a passing name; the file goes with the block unless it was renamed."""
        incoming = Incoming(self._folder / f"{PASSING}{self._mint_id()}")
        try:
            with _unusable():
                await self._steps(incoming.make)
            await self._write(incoming, parts)
            yield StagedFile(incoming, self._folder, self._steps)
        finally:
            # What cannot be removed now is swept later.
            with suppress(OSError):
                await self._steps(incoming.remove)

    @asynccontextmanager
    async def opened(self, content: Content, /) -> AsyncGenerator[AsyncIterator[bytes]]:
        """Read the whole file before its first part is given, and compare each part again when it is given."""
        outgoing = Outgoing.of(self._folder, content)
        try:
            await self._steps(outgoing.open)
            async with self._verifying:
                while not await self._steps(outgoing.verify_on):
                    pass
            async with aclosing(self._parts(outgoing)) as parts:
                yield parts
        finally:
            outgoing.close()

    async def forget_unfinished(self, age: timedelta, /) -> int:
        """Remove files under passing names by the time of their last octet."""
        before = self._clock.now() - age
        with _unusable():
            return await self._steps(_remove_passing, self._folder, before)

    async def settled(self, age: timedelta, /) -> frozenset[str]:
        """Return the files that are named by digests, by the time of their last octet."""
        before = self._clock.now() - age
        with _unusable():
            return await self._steps(_digests, self._folder, before)

    async def forget(self, digest: str, /) -> None:
        """Remove the file."""
        if is_digest(digest):
            with _unusable():
                await self._steps(_remove, self._folder / digest)

    async def _write(self, incoming: Incoming, parts: AsyncIterator[bytes]) -> None:
        waiting = bytearray()
        async for part in parts:
            waiting += part
            if len(waiting) >= WRITTEN_AT_ONCE:
                await self._add(incoming, waiting)
        await self._add(incoming, waiting)
        if not incoming.size:
            raise EmptyArtifact
        with _unusable():
            await self._steps(incoming.finish)

    async def _add(self, incoming: Incoming, waiting: bytearray) -> None:
        with _unusable():
            await self._steps(incoming.write, bytes(waiting))
        waiting.clear()

    async def _parts(self, outgoing: Outgoing) -> AsyncGenerator[bytes]:
        for number in range(outgoing.parts):
            yield await self._steps(outgoing.part, number)


@contextmanager
def _unusable() -> Generator[None]:
    try:
        yield
    except OSError as error:
        raise StoreUnusable from error


def _remove_passing(folder: Path, before: datetime) -> int:
    unfinished = [path for path in folder.glob(f"{PASSING}*") if _is_old_file(path, before)]
    for path in unfinished:
        path.unlink(missing_ok=True)
    return len(unfinished)


def _digests(folder: Path, before: datetime) -> frozenset[str]:
    return frozenset(
        path.name for path in folder.iterdir() if is_digest(path.name) and _is_old_file(path, before)
    )


def _is_old_file(path: Path, before: datetime) -> bool:
    try:
        found = path.lstat()
    except FileNotFoundError:
        # Another process has just renamed or removed it.
        return False
    # Nothing but files is ours.
    return stat.S_ISREG(found.st_mode) and found.st_mtime < before.timestamp()


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)
