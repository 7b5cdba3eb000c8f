"""One recorded server-side apply, and what makes it reversible."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from plexsphere.managed_push.domain.cluster_object import ClusterObject
from plexsphere.managed_push.domain.errors import AlreadyRolledBack
from plexsphere.managed_push.domain.request import Request
from plexsphere.managed_push.domain.restoration import is_restored
from plexsphere.platform.kernel.ids import DomainId, PushId


class Status(StrEnum):
    """The closed lifecycle of a record: applied, and at most once rolled back."""

    APPLIED = "applied"
    ROLLED_BACK = "rolled_back"


@dataclass(frozen=True, slots=True)
class Record:
    """
    A push that landed (managed-push.md, Ubiquitous language).

    `prior_state` is the object as it was right before, None where there was none. `kubeconfig_sha256` and
    `api_server_url` say with which credential it was written, and to which cluster; `object_uid` is the very object.
    """

    id: PushId
    domain_id: DomainId
    request: Request
    prior_state: ClusterObject | None
    object_uid: str
    kubeconfig_sha256: str
    api_server_url: str
    pushed_at: datetime
    rolled_back_at: datetime | None = None

    @property
    def status(self) -> Status:
        """Return where in its life the record is."""
        return Status.APPLIED if self.rolled_back_at is None else Status.ROLLED_BACK

    @property
    def had_prior_state(self) -> bool:
        """Tell whether the object was there before the push."""
        return self.prior_state is not None

    def can_roll_back(self) -> bool:
        """Tell whether the push is still applied."""
        return self.status is Status.APPLIED

    def require_applied(self) -> None:
        """
        Return if the push may be rolled back.

        Raises:
            AlreadyRolledBack: it was before.
        """
        if not self.can_roll_back():
            raise AlreadyRolledBack(self.id)

    def is_undone_by(self, now: ClusterObject | None) -> bool:
        """Tell by what the cluster holds now whether a rollback of the push took place."""
        if self.prior_state is None:
            return now is None or now.uid != self.object_uid or now.is_being_deleted
        return now is not None and is_restored(self.prior_state, now)

    def rolled_back(self, at: datetime) -> "Record":
        """
        Return the record of a push that is undone.

        Raises:
            AlreadyRolledBack: it was before.
        """
        self.require_applied()
        return replace(self, rolled_back_at=at)
