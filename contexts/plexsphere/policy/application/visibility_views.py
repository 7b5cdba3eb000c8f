"""Who sees whom in the Domains this process follows."""

from typing import Final

from plexsphere.platform.kernel.ids import DomainId
from plexsphere.policy.domain.index import VisibilityIndex
from plexsphere.policy.ports.policies import PolicyReading


class VisibilityViews:
    """
    One index for each followed Domain, and the mesh revision up to which it knows every change of a policy.

    Reads of the database may overlap, so an older one can arrive after a newer one. As readings miss nothing, one
    that ends no later than what is known has nothing new to say and changes nothing; so a deleted policy never
    returns, and nothing needs to be remembered of it.
    """

    def __init__(self) -> None:
        self._indexes: Final[dict[DomainId, VisibilityIndex]] = {}
        self._revisions: Final[dict[DomainId, int]] = {}

    def begin(self, domain_id: DomainId, reading: PolicyReading) -> None:
        """Follow a Domain, from all its policies; its nodes are put into the index next."""
        index = VisibilityIndex()
        for policy in reading.policies:
            index.put_policy(policy)
        self._indexes[domain_id] = index
        self._revisions[domain_id] = reading.upto

    def put(self, domain_id: DomainId, reading: PolicyReading) -> None:
        """
        Know what was read.

        Raises:
            LookupError: the Domain is not followed.
            ValueError: something lies between what is known and what was read.
        """
        index, known = self.index(domain_id), self.revision(domain_id)
        if reading.upto <= known:
            return
        if reading.since > known:
            raise ValueError(f"read behind {reading.since}, but known only up to {known}")
        for policy_id in reading.deleted:
            index.remove_policy(policy_id)
        for policy in reading.policies:
            index.put_policy(policy)
        self._revisions[domain_id] = reading.upto

    def index(self, domain_id: DomainId) -> VisibilityIndex:
        """
        Return the index of a followed Domain.

        Raises:
            LookupError: the Domain is not followed.
        """
        index = self.loaded(domain_id)
        if index is None:
            raise LookupError(domain_id)
        return index

    def loaded(self, domain_id: DomainId) -> VisibilityIndex | None:
        """Return the index of a Domain, or None when it is not followed."""
        return self._indexes.get(domain_id)

    def revision(self, domain_id: DomainId) -> int:
        """
        Return the mesh revision up to which every change of the Domain's policies is known.

        Raises:
            LookupError: the Domain is not followed.
        """
        return self._revisions[domain_id]

    def forget(self, domain_id: DomainId) -> None:
        """Follow the Domain no more."""
        self._indexes.pop(domain_id, None)
        self._revisions.pop(domain_id, None)
