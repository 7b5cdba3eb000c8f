"""One process: the server and the loops beside it."""

from plexsphere.api.sources import Sources
from plexsphere.composition.builders.surface import Parts, Surface
from plexsphere.composition.builders.sweeper import build_sweeper
from plexsphere.composition.connections import Connections, allow_descriptors, bounds_of
from plexsphere.composition.lateness import Lateness
from plexsphere.composition.mirror_loop import MirrorLoop
from plexsphere.composition.process import Loop, Process
from plexsphere.composition.roles import Role
from plexsphere.composition.server import LoopServer, build_server
from plexsphere.composition.sweep import Sweep
from plexsphere.composition.telemetry import metered
from plexsphere.platform.telemetry.signals import Gauge


def build_process(parts: Parts, surface: Surface) -> Process:
    """Return the process, ready to serve once its pools are open."""
    telemetry, views = parts.platform.telemetry, parts.views
    telemetry.watch(Gauge.LOG_LAG, lambda: views.follower.lag)
    telemetry.watch(Gauge.STREAMS_OPEN, lambda: len(views.hub))
    server = _server(parts, surface)
    return Process(
        server=server,
        loops=[*_loops(parts, surface), _sweep(parts, server).run],
        end_streams=parts.views.hub.shut,
        flush=lambda: _flush(parts, surface),
    )


def _server(parts: Parts, surface: Surface) -> LoopServer:
    settings, platform = parts.settings, parts.platform
    connections = Connections(
        bounds_of(allow_descriptors(), settings.connections_per_address), platform.traffic
    )
    app = metered(surface.app, platform.telemetry, surface.answers)
    return build_server(app, settings.tls, connections, Sources(settings.trusted_proxies))


def _sweep(parts: Parts, server: LoopServer) -> Sweep:
    return Sweep(server.open_connections, parts.platform.clock, parts.platform.traffic)


def _loops(parts: Parts, surface: Surface) -> list[Loop]:
    of_role = {Role.API: _api_loops(parts, surface), Role.STREAMS: _stream_loops(parts)}
    of_role[Role.SEQUENCER] = _sequencer_loops(parts)
    # Both those who answer and those who stream keep views, and ask whose credential was revoked.
    everywhere: list[Loop] = [
        parts.views.follower.run,
        parts.platform.bell.run,
        parts.platform.server_time.run,
        parts.platform.sequencer_lag.watch,
        parts.platform.loop_delay.watch,
        parts.credentials.node_cache.watch,
        Lateness(surface.shedding, parts.platform.clock, parts.settings.shares_loop).watch,
    ]
    return everywhere + [loop for role in parts.settings.roles for loop in of_role[role]]


def _api_loops(parts: Parts, surface: Surface) -> list[Loop]:
    credentials = parts.credentials
    # Where the folder is, not where the sequencer is.
    sweeps: list[Loop] = [parts.artifacts.sweep.run] if parts.artifacts else []
    return [
        *sweeps,
        parts.fleet.book.run,
        credentials.operator_cache.watch,
        credentials.token_uses.watch,
        surface.denials.watch,
        surface.reads.watch,
    ]


def _stream_loops(parts: Parts) -> list[Loop]:
    return [parts.views.hub.keep_alive, parts.views.hub.end_again, parts.fleet.claims.run]


def _sequencer_loops(parts: Parts) -> list[Loop]:
    loops: list[Loop] = [
        parts.platform.sequencer.run,
        parts.platform.pruner.run,
        build_sweeper(parts.platform).run,
        parts.fleet.forget_stream_claims.run,
        parts.liveness.ticker.run,
        parts.liveness.sweep.run,
        parts.actions.sweep_executions.run,
        parts.hooks.judge_releases.run,
    ]
    if parts.managed_push is not None:
        loops.append(parts.managed_push.sweep_intents.run)
    mirroring = parts.authorization.mirroring
    return [*loops, MirrorLoop(mirroring.tuples).run] if mirroring else loops


async def _flush(parts: Parts, surface: Surface) -> None:
    await parts.fleet.book.flush()
    await surface.denials.close()
    await surface.reads.flush()
