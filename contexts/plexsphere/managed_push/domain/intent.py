"""A write to a cluster that is begun and not yet settled."""

from dataclasses import dataclass
from enum import StrEnum

from plexsphere.managed_push.domain.cluster_object import ClusterObject
from plexsphere.managed_push.domain.request import Request
from plexsphere.platform.kernel.ids import DomainId, PushId


class Deed(StrEnum):
    """What is being done to the object."""

    PUSH = "push"
    ROLLBACK = "rollback"


@dataclass(frozen=True, slots=True)
class Author:
    """Who asked for a write, and within which request: kept, so that whoever settles it can audit it."""

    subject: str
    correlation_id: str


@dataclass(frozen=True, slots=True)
class Intent:
    """
    What will have happened to an object once the cluster answers; written down before the cluster is asked.

    There is at most one for an object, so that it is also the object's turn. `push_id` is the push that is made or
    undone. `is_captured` says that the cluster told what was there, which `prior_state` then is (None: nothing was):
    before that nothing was sent.
    """

    push_id: PushId
    deed: Deed
    domain_id: DomainId
    request: Request
    author: Author
    kubeconfig_sha256: str
    api_server_url: str
    is_captured: bool = False
    prior_state: ClusterObject | None = None

    def is_about(self, request: Request) -> bool:
        """Tell whether it is the same object that the request is for."""
        return self.request.place == request.place

    def has_landed(self, now: ClusterObject | None) -> bool:
        """
        Tell by what the cluster holds now whether the push was applied.

        Others may have taken some of its fields since. What we owned before, and still own as it was, tells nothing.
        """
        if not self.is_captured or now is None:
            return False
        is_changed = now.is_as_pushed(self.request) and now.is_another_than(self.prior_state)
        return is_changed or now.is_wholly(self.request)

    def prior_behind(self, now: ClusterObject) -> ClusterObject | None:
        """Return what was there before a push that landed and was not answered; None only if we made the object."""
        prior = self.prior_state
        return prior if prior is not None and prior.uid == now.uid else now.before_us()
