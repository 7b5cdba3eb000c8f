"""Integrity violations (plexd.md, Hook Checksums & Integrity and Binary Integrity; design D30)."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from pathlib import PurePosixPath
from typing import Final, Self

from plexsphere.platform.kernel.ids import ViolationId
from plexsphere.policy.domain.hooks.digest import canonical
from plexsphere.policy.domain.integrity.examination import Departure
from plexsphere.policy.domain.integrity.pin import Pin
from plexsphere.policy.domain.node_place import NodePlace

HOOKS: Final = "hooks/"


class Kind(StrEnum):
    """What was not as it should be."""

    BINARY = "binary"
    HOOK = "hook"
    HOST_KEY = "host_key"


class Status(StrEnum):
    """
    What became of a violation.

    One of a hook stays open until somebody acknowledges it; one of a binary is resolved when the node reports a
    binary again that was released.
    """

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"


class Detection(StrEnum):
    """Who found it: an agent in one of its three ways, or the control plane in what an agent told."""

    STARTUP_SCAN = "startup_scan"
    INOTIFY = "inotify"
    PRE_DISPATCH = "pre_dispatch"
    AGENT = "agent"
    CAPABILITIES = "capabilities"
    HEARTBEAT = "heartbeat"
    ACKNOWLEDGEMENT = "acknowledgement"
    RELEASE = "release"


BY_AGENTS: Final = frozenset(
    {Detection.STARTUP_SCAN, Detection.INOTIFY, Detection.PRE_DISPATCH, Detection.AGENT}
)


@dataclass(frozen=True, slots=True)
class Finding:
    """
    Something that is not as it should be, before it is a violation.

    `seen` is what a hook showed when it was compared here; a report of an agent knows only checksums.
    """

    place: NodePlace
    kind: Kind
    artifact_id: str
    detected_by: Detection
    expected: str = ""
    observed: str = ""
    detail: str = ""
    seen: Pin | None = None

    @classmethod
    def of(cls, place: NodePlace, departure: Departure, detected_by: Detection) -> Self:
        """Return what a hook's departure from its baseline is."""
        seen, baseline = departure.seen, departure.baseline
        return cls(
            place,
            Kind.HOOK,
            departure.hook_name,
            detected_by,
            baseline.checksum,
            seen.checksum,
            _widening(seen, baseline),
            seen,
        )


@dataclass(frozen=True, slots=True)
class Violation:
    """A finding that was kept, and what became of it."""

    id: ViolationId
    finding: Finding
    status: Status
    detected_at: datetime
    acknowledged_at: datetime | None = None
    acknowledged_by: str = ""
    acknowledge_reason: str = ""

    @property
    def was_announced(self) -> bool:
        """Tell whether a hook departed by what its node announced, not by what an agent found of its file."""
        return self.finding.seen is not None

    def repinned(self, baseline: Pin) -> Pin:
        """Return the baseline that an acknowledgement makes of this: what was observed, as far as it was told."""
        seen = self.finding.seen
        if seen is not None:
            # A digest that nobody told is none: pinned, it would let the next one in unseen.
            return replace(seen, checksum=seen.checksum or baseline.checksum)
        return replace(baseline, checksum=canonical(self.finding.observed) or baseline.checksum)


def hook_named(artifact: str, known: Collection[str]) -> str:
    """
    Return which of the node's hooks an artifact is, or the artifact as it was named when it is none of them.

    Agents name a hook, its action, or its file: `backup`, `hooks/backup`, `/etc/plexd/hooks.d/backup.sh`.
    """
    path = PurePosixPath(artifact)
    spellings = (artifact, artifact.removeprefix(HOOKS), path.name, path.stem)
    return next((each for each in spellings if each in known), artifact)


def _widening(seen: Pin, baseline: Pin) -> str:
    words = []
    if seen.sandbox.is_wider_than(baseline.sandbox):
        words.append(f"sandbox {baseline.sandbox} became {seen.sandbox}")
    if seen.privileged and not baseline.privileged:
        words.append("privileged became true")
    return "; ".join(words)
