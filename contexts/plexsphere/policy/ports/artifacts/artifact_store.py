"""Where the contents of artifacts lie."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from enum import StrEnum
from typing import Protocol

from plexsphere.policy.domain.artifacts.artifact import Content


class Fault(StrEnum):
    """What is wrong with a content that was released."""

    MISSING = "missing"
    NO_REGULAR_FILE = "no_regular_file"
    OTHER_SIZE = "other_size"
    OTHER_DIGEST = "other_digest"
    CHANGED_WHILE_SENT = "changed_while_sent"
    UNREADABLE = "unreadable"


class ContentBroken(Exception):
    """What lies in the store is not what was released."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.value)
        self.fault = fault


class StoreUnusable(Exception):
    """The store takes nothing: it is full, read-only or gone."""


class Staged(Protocol):
    """What came, whole and on its disk, and not yet part of the store."""

    @property
    def content(self) -> Content:
        """Return what it is."""
        ...

    async def keep(self) -> None:
        """
        Make it part of the store, at once and for good; a content that is there already is replaced by this one.

        Raises:
            StoreUnusable: it cannot be kept.
        """
        ...


class ArtifactStore(Protocol):
    """
    Contents by their digest; no name that anybody chose leads to one.

    Whatever ends a process, a content is there whole or not at all. Whatever is taken, kept or removed raises
    `StoreUnusable` where that cannot be done.
    """

    def staged(self, parts: AsyncIterator[bytes], /) -> AbstractAsyncContextManager[Staged]:
        """
        Take what comes; it is gone at the end of the block unless it was kept.

        Raises:
            EmptyArtifact: nothing came.
        """
        ...

    def opened(self, content: Content, /) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """
        Give the octets of a content that was found whole, part by part.

        Raises:
            ContentBroken: it is not what was released; also while reading, before any part that differs.
        """
        ...

    async def forget_unfinished(self, age: timedelta, /) -> int:
        """Remove what was staged and not touched for that long: nobody will finish it. Return how much that was."""
        ...

    async def settled(self, age: timedelta, /) -> frozenset[str]:
        """Return the digests of contents that were kept longer ago than that."""
        ...

    async def forget(self, digest: str, /) -> None:
        """Remove a content; nothing happens where there is none."""
        ...
