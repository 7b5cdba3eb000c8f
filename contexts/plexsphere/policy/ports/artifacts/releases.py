"""The collection of released artifacts."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol

from plexsphere.policy.domain.artifacts.artifact import Artifact, ArtifactName, Release, SupportStatus


@dataclass(frozen=True, slots=True)
class ReleasePage:
    """Releases in the order of their versions, as texts; `is_last` when none follow."""

    releases: tuple[Release, ...]
    is_last: bool


class Releases(Protocol):
    """What was released; changes join the open unit of work."""

    async def add(self, artifact: Artifact, support_status: SupportStatus | None, /) -> bool:
        """
        Release a binary, and return whether it is a new one; releasing the same again changes no content.

        A status that is given holds for the whole release; a new release without one is supported. A binary that was
        verified once stays so.

        Raises:
            ReleasedOtherwise: another content was released under the name.
        """
        ...

    async def set_support_status(self, version: str, support_status: SupportStatus, /) -> bool:
        """Change what is said of a release; False when there is none."""
        ...

    async def get(self, version: str, /) -> Release | None:
        """Return a release with its binaries, whether withdrawn or not."""
        ...

    async def find(self, name: ArtifactName, /) -> Artifact | None:
        """Return a binary that is handed out: one whose release was not withdrawn."""
        ...

    async def page(self, after: str, limit: int, /) -> ReleasePage:
        """Return up to `limit` releases behind a version; an empty text stands before all."""
        ...

    async def released_among(self, digests: Collection[str], /) -> frozenset[str]:
        """Return which of the contents were released, by their digests."""
        ...

    async def hold(self) -> None:
        """Let nothing be released until the open unit of work ends; what is being released is waited for."""
        ...
