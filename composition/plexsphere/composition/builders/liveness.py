"""Ticks, sweeps, and what operators see of both."""

from dataclasses import dataclass

from plexsphere.composition.bridges.patiences import DomainPatiences
from plexsphere.composition.builders.platform import PlatformParts
from plexsphere.composition.builders.views import Views
from plexsphere.fleet.adapters.postgres.liveness_clock import PostgresLivenessClock
from plexsphere.fleet.adapters.postgres.silences import PostgresSilences
from plexsphere.fleet.application.confirm_departures import ConfirmDepartures
from plexsphere.fleet.application.get_node_reachability import GetNodeReachability
from plexsphere.fleet.application.get_reachability import GetReachability
from plexsphere.fleet.application.sweep_silences import SweepSilences
from plexsphere.fleet.application.ticker import Ticker
from plexsphere.identity.adapters.postgres.domains import PostgresDomains
from plexsphere.identity.application.list_reachability_policies import ListReachabilityPolicies
from plexsphere.platform.db.database import Database
from plexsphere.platform.ids import mint_id


@dataclass(frozen=True, slots=True)
class Liveness:
    """What lets time pass for nodes and moves the silent ones, and the operators' view of it."""

    ticker: Ticker
    sweep: SweepSilences
    get_node_reachability: GetNodeReachability
    get_reachability: GetReachability
    confirm_departures: ConfirmDepartures


def build_liveness(platform: PlatformParts, views: Views) -> Liveness:
    """Return liveness; a crowd of requests keeps neither ticks nor sweeps waiting."""
    database, backstage = platform.database, platform.backstage
    silences, patiences = PostgresSilences(database), _patiences(database)
    return Liveness(
        ticker=Ticker(PostgresLivenessClock(backstage), platform.clock, mint_id()),
        sweep=SweepSilences(
            backstage,
            _patiences(backstage),
            PostgresSilences(backstage),
            views.backstage_turn,
            views.sight,
            platform.backstage_inbox,
        ),
        get_node_reachability=GetNodeReachability(silences),
        get_reachability=GetReachability(patiences, silences),
        confirm_departures=ConfirmDepartures(database, patiences, silences),
    )


def _patiences(database: Database) -> DomainPatiences:
    return DomainPatiences(ListReachabilityPolicies(PostgresDomains(database)))
