"""What is swept, and in which order."""

from plexsphere.composition.bridges.remains import RemainsBridge
from plexsphere.composition.builders.platform import PlatformParts
from plexsphere.fleet.adapters.postgres.departed import PostgresDeparted
from plexsphere.fleet.application.sweep_departed_nodes import SweepDepartedNodes
from plexsphere.identity.adapters.postgres.spent_credentials import PostgresSpentCredentials
from plexsphere.platform.sweeper import Sweeper
from plexsphere.policy.adapters.postgres.actions.executions import PostgresExecutions
from plexsphere.policy.adapters.postgres.actions.local_executions import PostgresLocalExecutions


def build_sweeper(platform: PlatformParts) -> Sweeper:
    """Return the sweeper of nodes that left, dead tokens, old reports and old executions."""
    departed, spent = PostgresDeparted(platform.backstage), PostgresSpentCredentials(platform.backstage)
    remains = RemainsBridge(spent, platform.backstage_log)
    return Sweeper(
        (
            PostgresExecutions(platform.backstage).forget,
            PostgresLocalExecutions(platform.backstage).forget,
            SweepDepartedNodes(platform.backstage, departed, remains),
            departed.forget_reports,
            spent.forget_bootstrap_tokens,
            spent.forget_api_tokens,
        )
    )
