"""What may be wrong with an action, its targets or its result."""

from collections.abc import Collection
from enum import StrEnum

from plexsphere.platform.kernel.ids import NodeId
from plexsphere.policy.domain.errors import PolicyError


class InvalidIdempotencyKey(PolicyError):
    """An idempotency key is not 1 to 255 printable ASCII characters."""


class IdempotencyConflict(PolicyError):
    """The key was used for another request within a day."""


class EmptyCohort(PolicyError):
    """No live node is meant."""


class CohortTooLarge(PolicyError):
    """More nodes are meant than one execution may have targets."""

    def __init__(self, nodes: int, most: int) -> None:
        super().__init__(f"{nodes} nodes are meant, and {most} are the most")
        self.nodes = nodes
        self.most = most


class ActionNotDeclared(PolicyError):
    """Some of the nodes that are meant announced no such action; `missing` says how many."""

    def __init__(self, missing: int) -> None:
        super().__init__(f"{missing} nodes have not announced the action")
        self.missing = missing


class HookDrifted(PolicyError):
    """
    The hook is not what it was on some of the nodes, and nobody acknowledged that (design D30); or it is not what is
    declared.
    """

    def __init__(self, nodes: Collection[NodeId]) -> None:
        super().__init__(f"the hook drifted on {len(nodes)} nodes")
        self.nodes = frozenset(nodes)


class ApprovalRequired(PolicyError):
    """A privileged hook was asked for without the approval that it takes."""


class ParameterFault(StrEnum):
    """What is wrong with the parameters of an action."""

    UNKNOWN = "unknown"
    MISSING = "missing"
    WRONG_TYPE = "wrong_type"
    TOO_LARGE = "too_large"


class InvalidParameters(PolicyError):
    """The parameters do not fit what some node announced; `fault` says how."""

    def __init__(self, fault: ParameterFault) -> None:
        super().__init__(fault.value)
        self.fault = fault


class ArtifactNotStored(PolicyError):
    """An upgrade asks for a binary that is not stored for every node, was withdrawn, or is another than is stored."""


class CapacityExceeded(PolicyError):
    """The Domain, or one of the nodes, has as many open targets as it may have."""


class InvalidWavePlan(PolicyError):
    """A plan of waves has a negative count, or a percentage outside of 1 to 100."""


class InvalidReport(PolicyError):
    """A result names no status that an action can end with."""


class ExecutionNotFound(PolicyError):
    """There is no such execution, or none that whoever asks may know of."""

    def __init__(self, execution_id: object) -> None:
        super().__init__(f"no execution {execution_id}")
        self.execution_id = str(execution_id)
