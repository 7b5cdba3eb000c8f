"""An announcement as it arrived."""

from dataclasses import dataclass
from datetime import datetime

from plexsphere.policy.domain.hooks.manifest import Manifest
from plexsphere.policy.domain.node_place import NodePlace


@dataclass(frozen=True, slots=True)
class Announcement:
    """Who announced what and when, by our clock; `digest` is the SHA-256 of the manifest's text."""

    place: NodePlace
    manifest: Manifest
    digest: bytes
    reported_at: datetime
