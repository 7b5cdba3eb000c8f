"""A file that is being read: found whole first, then given part by part."""

import errno
import os
import stat
from dataclasses import dataclass, field
from hashlib import blake2b, sha256
from pathlib import Path
from typing import Any, Final, Self

from plexsphere.policy.domain.artifacts.artifact import Content
from plexsphere.policy.ports.artifacts.artifact_store import ContentBroken, Fault

# What is behind a link is not opened, and what is no file is not waited for.
READING: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
PART: Final = 256 * 1024
PARTS_OF_A_STEP: Final = 4
MARK_OCTETS: Final = 16


@dataclass(slots=True)
class Outgoing:
    """
    An open file, and a mark of each of its parts as they were when the whole had the right digest.

    What is handed out is compared with its mark, so that no octet that changed meanwhile goes out. Every method is a
    step for a thread, and raises `ContentBroken` where the file is not what was released. It is there before the file
    is open, so that whoever is cancelled meanwhile has something to close.
    """

    path: Path
    content: Content
    handle: int = -1
    digest: Any = field(default_factory=sha256)
    marks: list[bytes] = field(default_factory=list)

    @classmethod
    def of(cls, folder: Path, content: Content) -> Self:
        """Return the file of a content, not open yet."""
        return cls(folder / content.sha256, content)

    def open(self) -> None:
        """Open the file, and look at it from outside."""
        try:
            self.handle = os.open(self.path, READING)
        except OSError as error:
            raise ContentBroken(_fault(error)) from error
        seen = os.fstat(self.handle)
        if not stat.S_ISREG(seen.st_mode):
            raise ContentBroken(Fault.NO_REGULAR_FILE)
        if seen.st_size != self.content.size:
            raise ContentBroken(Fault.OTHER_SIZE)

    def verify_on(self) -> bool:
        """Read on, mark what was read, and tell whether that was all, and all of it right."""
        for _ in range(PARTS_OF_A_STEP):
            if len(self.marks) == self.parts:
                return self._verified()
            part = self._read(len(self.marks))
            self.digest.update(part)
            self.marks.append(_mark(part))
        return False

    @property
    def parts(self) -> int:
        """Return how many parts the content has."""
        return -(-self.content.size // PART)

    def part(self, number: int) -> bytes:
        """Return a part that is as it was when the whole was right."""
        part = self._read(number)
        if _mark(part) != self.marks[number]:
            raise ContentBroken(Fault.CHANGED_WHILE_SENT)
        return part

    def close(self) -> None:
        """Let go of the file."""
        if self.handle >= 0:
            os.close(self.handle)
            self.handle = -1

    def _verified(self) -> bool:
        if self.digest.hexdigest() != self.content.sha256:
            raise ContentBroken(Fault.OTHER_DIGEST)
        return True

    def _read(self, number: int) -> bytes:
        start = number * PART
        wanted = min(PART, self.content.size - start)
        try:
            part = os.pread(self.handle, wanted, start)
        except OSError as error:
            raise ContentBroken(_fault(error)) from error
        # A file of the right size gives all that is asked for, but for one that was cut since.
        if len(part) != wanted:
            raise ContentBroken(Fault.OTHER_SIZE)
        return part


def _mark(part: bytes) -> bytes:
    return blake2b(part, digest_size=MARK_OCTETS).digest()


def _fault(error: OSError) -> Fault:
    if isinstance(error, FileNotFoundError):
        return Fault.MISSING
    return Fault.NO_REGULAR_FILE if error.errno == errno.ELOOP else Fault.UNREADABLE
