"""What this surface needs from outside, in its own words."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from plexsphere.api.callers import Permitted
from plexsphere.api.paging import Page, PageRequest


@dataclass(frozen=True, slots=True)
class ArtifactPath:
    """What a binary is asked for by, as it was written."""

    version: str
    os: str
    arch: str


@dataclass(frozen=True, slots=True)
class ArtifactWish:
    """A binary to be released, and what its sender says of it; empty texts say nothing."""

    path: ArtifactPath
    sha256: str = ""
    support_status: str = ""


@dataclass(frozen=True, slots=True)
class ArtifactView:
    """A released binary; `checksum` is its SHA-256 in hexadecimal, `size` is in octets."""

    os: str
    arch: str
    checksum: str
    size: int
    verdict: str


@dataclass(frozen=True, slots=True)
class ReleaseView:
    """A version of the agent, with its binaries."""

    version: str
    support_status: str
    verdict: str
    artifacts: tuple[ArtifactView, ...]
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class PutView:
    """A released binary; `is_new` unless the very same was released before."""

    version: str
    artifact: ArtifactView
    is_new: bool


@dataclass(frozen=True, slots=True)
class Download:
    """A binary that was found whole: how many octets it has, and these part by part."""

    size: int
    parts: AsyncIterator[bytes]


class Artifacts(Protocol):
    """The application behind the surface; every mutation writes its audit row, or does not happen."""

    async def page(self, permitted: Permitted, wanted: PageRequest, /) -> Page[ReleaseView]:
        """Return a page of the releases."""
        ...

    async def get(self, permitted: Permitted, version: str, /) -> ReleaseView:
        """
        Return one.

        Raises:
            Refusal: release_not_found.
        """
        ...

    def require_name(self, path: ArtifactPath, /) -> None:
        """
        Let a name through under which a binary can be released.

        Raises:
            Refusal: invalid_artifact_name.
        """
        ...

    async def take(self, permitted: Permitted, wish: ArtifactWish, parts: AsyncIterator[bytes], /) -> PutView:
        """
        Release what comes.

        Raises:
            Refusal: invalid_body, checksum_mismatch, artifact_conflict, artifact_unavailable or
                overloaded; whatever taking the parts raises passes.
        """
        ...

    async def set_support_status(
        self, permitted: Permitted, version: str, support_status: str, /
    ) -> ReleaseView:
        """
        Change what is said of a release, and return it.

        Raises:
            Refusal: release_not_found.
        """
        ...


class Downloads(Protocol):
    """What hands binaries out to nodes."""

    def download(self, node: str, path: ArtifactPath, /) -> AbstractAsyncContextManager[Download]:
        """
        Give a binary to the node of this name for as long as the block lasts.

        Raises:
            Refusal: release_not_found, artifact_unavailable (while reading, too) or overloaded.
        """
        ...
