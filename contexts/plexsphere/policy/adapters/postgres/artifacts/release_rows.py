"""Rows of released artifacts, and what they mean."""

from collections.abc import Sequence
from typing import Any

from plexsphere.policy.domain.artifacts.artifact import (
    Artifact,
    ArtifactName,
    Content,
    Release,
    SupportStatus,
    Verdict,
)


def values_of(artifact: Artifact, support_status: SupportStatus | None) -> dict[str, Any]:
    """Return what an artifact is stored as, by the names of the columns."""
    return {
        "version": artifact.name.version,
        "os": artifact.name.os,
        "arch": artifact.name.arch,
        "sha256": artifact.content.sha256,
        "size": artifact.content.size,
        "verdict": artifact.verdict.value,
        "support_status": support_status.value if support_status else None,
    }


def artifact_of(row: Sequence[Any]) -> Artifact:
    """Return the artifact of a row that begins with it."""
    version, os, arch, sha256, size, verdict, *_ = row
    return Artifact(ArtifactName(version, os, arch), Content(sha256, size), Verdict(verdict))


def release_of(rows: Sequence[Sequence[Any]]) -> Release:
    """Return the release of the rows of all its artifacts."""
    version, *_, support_status, created_at, updated_at = rows[0]
    return Release(
        version, SupportStatus(support_status), tuple(map(artifact_of, rows)), created_at, updated_at
    )
