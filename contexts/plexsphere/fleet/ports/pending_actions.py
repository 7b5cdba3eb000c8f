"""The actions that nodes still have to be told of, as the policy context answers it for the views of this process."""

from collections.abc import Collection
from typing import Protocol

from plexsphere.platform.kernel.ids import DomainId, ExecutionId, NodeId


class PendingActions(Protocol):
    """
    The open offers of each followed Domain; every answer is computed in memory, without waiting.

    An action that was taken up, ended or expired is not pending any more.
    """

    def request(self, domain_id: DomainId, node_id: NodeId, execution_id: ExecutionId, /) -> str | None:
        """Return what the node is asked, as JSON without its opening brace; None where it is not pending."""
        ...

    def executions(self, domain_id: DomainId, node_id: NodeId, /) -> Collection[ExecutionId]:
        """Return which executions the node is offered, those that expired at this moment included."""
        ...

    def all_of(self, domain_id: DomainId, node_id: NodeId, /) -> str:
        """Return the JSON array of what the node is asked, in the order of the executions' ids."""
        ...

    def moment(self, domain_id: DomainId, node_id: NodeId, /) -> object:
        """Return an object that is another after every change of the node's offers; that one expires is none."""
        ...

    def tag(self, domain_id: DomainId, node_id: NodeId, /) -> bytes:
        """Return bytes that are others whenever `moment` has changed; none where nothing is pending."""
        ...
