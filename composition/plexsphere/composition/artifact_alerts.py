"""Artifacts that an operator has to look at: in the log, and as a number to be alarmed by."""

import logging
from collections import Counter
from typing import Final

from plexsphere.policy.domain.artifacts.artifact import Artifact
from plexsphere.policy.ports.artifacts.artifact_store import Fault

LOG: Final = logging.getLogger("plexsphere.artifacts")
STORE_UNUSABLE: Final = "store_unusable"
FAULTS: Final = (*(fault.value for fault in Fault), STORE_UNUSABLE)


class ArtifactAlerts:
    """Answers the port `Alerts`; `counts` only grow, each fault's by its name."""

    def __init__(self) -> None:
        self.counts: Final[Counter[str]] = Counter()

    def content_broken(self, artifact: Artifact, fault: Fault, /) -> None:
        """Log which binary it is, by its name and its digest, and count it."""
        self.counts[fault.value] += 1
        name, digest = artifact.name, artifact.content.sha256
        LOG.error(
            "the artifact %s %s/%s is not what was released (%s): put the binary with sha256 %s again",
            name.version,
            name.os,
            name.arch,
            fault.value,
            digest,
        )

    def store_unusable(self) -> None:
        """Log it and count it."""
        self.counts[STORE_UNUSABLE] += 1
        LOG.error("the folder of artifacts takes nothing: is it full, read-only or gone?")
