"""One process: the server and the loops beside it."""

from plexsphere.composition.builders.surface import Parts, Surface
from plexsphere.composition.mirror_loop import MirrorLoop
from plexsphere.composition.process import Loop, Process
from plexsphere.composition.server import build_server
from plexsphere.composition.telemetry import metered
from plexsphere.platform.telemetry.signals import Gauge


def build_process(parts: Parts, surface: Surface) -> Process:
    """Return the process, ready to serve once its pools are open."""
    telemetry, views = parts.platform.telemetry, parts.views
    telemetry.watch(Gauge.LOG_LAG, lambda: views.follower.lag)
    telemetry.watch(Gauge.STREAMS_OPEN, lambda: len(views.hub))
    return Process(
        server=build_server(metered(surface.app, telemetry), parts.settings.tls),
        loops=_loops(parts, surface),
        end_streams=parts.views.hub.shut,
        flush=lambda: _flush(parts, surface),
    )


def _loops(parts: Parts, surface: Surface) -> list[Loop]:
    platform, credentials = parts.platform, parts.credentials
    loops: list[Loop] = [
        platform.sequencer.run,
        platform.pruner.run,
        parts.views.follower.run,
        platform.bell.run,
        parts.views.hub.keep_alive,
        parts.fleet.book.run,
        credentials.node_cache.watch,
        credentials.operator_cache.watch,
        credentials.token_uses.watch,
        surface.denials.watch,
    ]
    mirroring = parts.authorization.mirroring
    return [*loops, MirrorLoop(mirroring.tuples).run] if mirroring else loops


async def _flush(parts: Parts, surface: Surface) -> None:
    await parts.fleet.book.flush()
    await surface.denials.close()
