"""Artifacts, where the deployment has a folder for them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from plexsphere.composition.artifact_alerts import ArtifactAlerts
from plexsphere.composition.bridges.artifacts import ArtifactsBridge, DownloadsBridge
from plexsphere.composition.builders.platform import PlatformParts
from plexsphere.composition.places import Places
from plexsphere.composition.settings import ARTIFACTS_VAR, Settings, SettingsError
from plexsphere.platform.audit.trail import PostgresAuditTrail
from plexsphere.platform.ids import mint_id
from plexsphere.policy.adapters.local_directory.artifact_store import LocalDirectory
from plexsphere.policy.adapters.postgres.artifacts.releases import PostgresReleases
from plexsphere.policy.application.artifacts.get_release import GetRelease
from plexsphere.policy.application.artifacts.list_releases import ListReleases
from plexsphere.policy.application.artifacts.open_artifact import OpenArtifact
from plexsphere.policy.application.artifacts.put_artifact import PutArtifact
from plexsphere.policy.application.artifacts.set_support_status import SetSupportStatus
from plexsphere.policy.application.artifacts.sweep_artifacts import SweepArtifacts

UPLOADS_AT_ONCE: Final = 4
DOWNLOADS_AT_ONCE: Final = 64
DOWNLOADS_OF_A_NODE: Final = 2
RETRY_AFTER: Final = "10"


@dataclass(frozen=True, slots=True)
class Artifacts:
    """What operators do with artifacts and nodes fetch of them, what is swept, and what somebody has to look at."""

    surface: ArtifactsBridge
    downloads: DownloadsBridge
    sweep: SweepArtifacts
    alerts: ArtifactAlerts


def build_artifacts(settings: Settings, platform: PlatformParts) -> Artifacts | None:
    """
    Return artifacts, or None where they are off.

    Raises:
        SettingsError: the folder cannot be used.
    """
    if settings.artifacts is None:
        return None
    store, alerts = _store(settings.artifacts, platform), ArtifactAlerts()
    database, releases = platform.database, PostgresReleases(platform.database)
    backstage = platform.backstage
    return Artifacts(
        surface=ArtifactsBridge(
            database,
            platform.trail,
            PutArtifact(database, releases, store, PostgresAuditTrail(database), alerts),
            ListReleases(releases),
            GetRelease(releases),
            SetSupportStatus(releases),
            Places(UPLOADS_AT_ONCE, RETRY_AFTER),
        ),
        downloads=DownloadsBridge(
            OpenArtifact(releases, store, alerts), Places(DOWNLOADS_AT_ONCE, RETRY_AFTER, DOWNLOADS_OF_A_NODE)
        ),
        sweep=SweepArtifacts(backstage, PostgresReleases(backstage), store),
        alerts=alerts,
    )


def _store(folder: Path, platform: PlatformParts) -> LocalDirectory:
    try:
        return LocalDirectory(folder, platform.clock, mint_id)
    except OSError as error:
        raise SettingsError(
            f"{ARTIFACTS_VAR} names no folder that can be used ({error.strerror}); leave it out to do without"
        ) from None
