"""The surface of nodes' callbacks, answered by policy's use cases."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Final

from plexsphere.api import catalogue
from plexsphere.api.callers import CallingNode
from plexsphere.api.problem import Problem
from plexsphere.api.v1.execution_callbacks import problems, wiring
from plexsphere.composition.bridges.translation import Translation
from plexsphere.composition.doorway import SharedDoorway
from plexsphere.policy.application.actions.take_acknowledgement import TakeAcknowledgement
from plexsphere.policy.application.actions.take_result import TakeResult
from plexsphere.policy.domain.actions.errors import ExecutionNotFound, InvalidReport
from plexsphere.policy.domain.actions.report import Report, TriggeredBy
from plexsphere.policy.domain.actions.status import reported_status

PROBLEM_OF: Final[Mapping[type[Exception], Problem]] = {
    ExecutionNotFound: problems.EXECUTION_NOT_FOUND,
    InvalidReport: catalogue.INVALID_BODY,
}
TRANSLATED: Final = Translation(PROBLEM_OF)

# A large cohort calls back within moments, and agents in the field tell a result once: they wait rather than lose it,
# for less than the 30 s after which they give up.
# No Domain has more than a share of it: 4 of the 6, and 10,922 who wait, which is more than a cohort has nodes.
AT_ONCE: Final = 6
AT_ONCE_FOR_EACH: Final = 4
# Of bodies that come at the same time, each up to 13 MiB.
LARGE_AT_ONCE: Final = 16
LARGE_AT_ONCE_FOR_EACH: Final = 10
MOST_WAITING: Final = 16_384
PATIENCE_SECONDS: Final = 25.0


def callbacks_doorway() -> SharedDoorway:
    """Return where callbacks wait, so that they leave connections to others."""
    return SharedDoorway(AT_ONCE, AT_ONCE_FOR_EACH, MOST_WAITING, PATIENCE_SECONDS)


def large_bodies_doorway() -> SharedDoorway:
    """Return where callbacks wait whose bodies may be large, so that few of them are in memory."""
    return SharedDoorway(LARGE_AT_ONCE, LARGE_AT_ONCE_FOR_EACH, MOST_WAITING, PATIENCE_SECONDS)


@dataclass(frozen=True, slots=True)
class ExecutionCallbacksBridge:
    """Answers the surface's port `ExecutionCallbacks`."""

    take_acknowledgement: TakeAcknowledgement
    take_result: TakeResult
    doorway: SharedDoorway = field(default_factory=callbacks_doorway)

    async def acknowledge(self, node: CallingNode, execution_id: str, accepted: bool, reason: str, /) -> bool:
        with TRANSLATED:
            async with self.doorway(node.domain_id):
                return await self.take_acknowledgement(
                    node.domain_id, node.node_id, execution_id, accepted, reason
                )

    async def report(self, node: CallingNode, execution_id: str, result: wiring.Result, /) -> None:
        with TRANSLATED:
            report = Report(
                status=reported_status(result.status),
                exit_code=result.exit_code,
                stdout=result.stdout,
                stderr=result.stderr,
                duration=result.duration,
                finished_at=result.finished_at,
                triggered_by=TriggeredBy(**asdict(result.triggered_by)),
            )
            async with self.doorway(node.domain_id):
                await self.take_result(node.domain_id, node.node_id, execution_id, report)
