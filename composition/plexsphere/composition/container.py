"""The object graph of a process, declared once."""

import os

from dependency_injector import containers, providers

from plexsphere.composition.builders.actions import build_actions
from plexsphere.composition.builders.artifacts import build_artifacts
from plexsphere.composition.builders.authorization import build_authorization
from plexsphere.composition.builders.credentials import build_credentials
from plexsphere.composition.builders.fleet import build_fleet
from plexsphere.composition.builders.hooks import build_hooks
from plexsphere.composition.builders.liveness import build_liveness
from plexsphere.composition.builders.managed_push import build_managed_push
from plexsphere.composition.builders.metrics import build_metrics
from plexsphere.composition.builders.platform import build_platform
from plexsphere.composition.builders.policy import build_policy
from plexsphere.composition.builders.process import build_process
from plexsphere.composition.builders.surface import Parts, build_surface
from plexsphere.composition.builders.tenancy import build_tenancy
from plexsphere.composition.builders.views import build_views
from plexsphere.composition.settings import Settings
from plexsphere.composition.telemetry import build_telemetry
from plexsphere.identity.ports.event_signer import EventSigner
from plexsphere.platform.clock import SystemClock


class Root(containers.DeclarativeContainer):
    """The whole control plane; `signer` is given once the signing key is open, the rest follows from settings."""

    settings: providers.Dependency[Settings] = providers.Dependency(instance_of=Settings)
    signer: providers.Dependency[EventSigner] = providers.Dependency()

    clock = providers.Singleton(SystemClock)
    telemetry = providers.Singleton(build_telemetry, providers.Object(os.environ))
    platform = providers.Singleton(build_platform, settings, clock, telemetry)
    credentials = providers.Singleton(build_credentials, platform)
    authorization = providers.Singleton(build_authorization, platform, settings.provided.spicedb)
    views = providers.Singleton(build_views, platform, settings.provided.reached_at)
    tenancy = providers.Singleton(
        build_tenancy, platform, credentials, authorization, views, settings.provided.wrap_key
    )
    policy = providers.Singleton(build_policy, platform, tenancy, views)
    managed_push = providers.Singleton(build_managed_push, settings, platform)
    actions = providers.Singleton(build_actions, platform, tenancy, views)
    artifacts = providers.Singleton(build_artifacts, settings, platform)
    hooks = providers.Singleton(build_hooks, platform, tenancy, views)
    fleet = providers.Singleton(build_fleet, platform, credentials, views, signer, hooks)
    liveness = providers.Singleton(build_liveness, platform, views)
    parts = providers.Singleton(
        Parts,
        settings,
        platform,
        credentials,
        authorization,
        views,
        tenancy,
        policy,
        managed_push,
        actions,
        artifacts,
        hooks,
        fleet,
        liveness,
    )
    surface = providers.Singleton(build_surface, parts)
    process = providers.Singleton(build_process, parts, surface)
    metrics = providers.Singleton(build_metrics, parts, surface)
