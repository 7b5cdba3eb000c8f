"""Artifacts: binaries of the agent, each for one version, operating system and architecture (plexd.md, Artifacts)."""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from plexsphere.policy.domain.artifacts.errors import InvalidArtifactName

LONGEST_VERSION: Final = 64
LONGEST_WORD: Final = 32

# Single separators between letters and digits: nothing here is a path, whoever reads it.
_VERSION: Final = re.compile(r"[0-9A-Za-z]+(?:[._+-][0-9A-Za-z]+)*", re.ASCII)
_WORD: Final = re.compile(r"[0-9a-z]+(?:[_-][0-9a-z]+)*", re.ASCII)
_DIGEST: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)


class SupportStatus(StrEnum):
    """What operators say of a release; one that is withdrawn is handed out no more."""

    SUPPORTED = "supported"
    DEPRECATED = "deprecated"
    WITHDRAWN = "withdrawn"


class Verdict(StrEnum):
    """Whether the one who put a binary had said its digest beforehand; no signature is looked at."""

    VERIFIED = "verified"
    UNVERIFIED = "unverified"


@dataclass(frozen=True, slots=True)
class ArtifactName:
    """
    What a binary is released as, in the agent's words: `1.5.0`, `linux`, `amd64`.

    Raises:
        InvalidArtifactName: a part is empty, too long, or not letters and digits with single separators.
    """

    version: str
    os: str
    arch: str

    def __post_init__(self) -> None:
        if not (is_version(self.version) and _is_word(self.os) and _is_word(self.arch)):
            raise InvalidArtifactName


@dataclass(frozen=True, slots=True)
class Content:
    """What a binary is: `sha256` of its octets in lower-case hexadecimal, and `size`, how many these are."""

    sha256: str
    size: int

    def __post_init__(self) -> None:
        if not is_digest(self.sha256) or self.size < 1:
            raise ValueError("a content has 64 hexadecimal digits and at least one octet")


@dataclass(frozen=True, slots=True)
class Artifact:
    """A released binary."""

    name: ArtifactName
    content: Content
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Release:
    """A version of the agent, with its binaries in the order of operating system and architecture."""

    version: str
    support_status: SupportStatus
    artifacts: tuple[Artifact, ...]
    created_at: datetime
    updated_at: datetime

    @property
    def verdict(self) -> Verdict:
        """Return `verified` when every binary of the release is."""
        is_verified = all(artifact.verdict is Verdict.VERIFIED for artifact in self.artifacts)
        return Verdict.VERIFIED if is_verified else Verdict.UNVERIFIED


def is_version(text: str) -> bool:
    """Tell whether a text can be a version."""
    return len(text) <= LONGEST_VERSION and _VERSION.fullmatch(text) is not None


def is_digest(text: str) -> bool:
    """Tell whether a text is a SHA-256 in lower-case hexadecimal."""
    return _DIGEST.fullmatch(text) is not None


def _is_word(text: str) -> bool:
    return len(text) <= LONGEST_WORD and _WORD.fullmatch(text) is not None
