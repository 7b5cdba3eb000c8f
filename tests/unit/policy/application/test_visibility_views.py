"""However reads of the database overlap, an index holds the policies of one moment, and never goes back."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plexsphere.platform.kernel.ids import DomainId, PolicyId
from plexsphere.policy.application.visibility_views import VisibilityViews
from plexsphere.policy.domain.policy import NetworkPolicy
from plexsphere.policy.ports.policies import PolicyReading
from tests.support.policy import DOMAIN
from tests.unit.policy import fleets

UNKNOWN = DomainId(UUID(int=0x404))
ONE, TWO = fleets.member(1), fleets.member(2)


def sees(views: VisibilityViews) -> bool:
    return views.index(DOMAIN).sees(ONE.node_id, TWO.node_id)


def followed(*policies: NetworkPolicy, upto: int = 1) -> VisibilityViews:
    views = VisibilityViews()
    views.begin(DOMAIN, PolicyReading(0, upto, policies))
    for member in (ONE, TWO):
        views.index(DOMAIN).put_member(member)
    return views


def test_without_policies_nobody_sees_anybody() -> None:
    assert not sees(followed())


def test_a_reading_puts_policies_in_force_and_out_of_it() -> None:
    views = followed()
    policy = fleets.policy(1)

    views.put(DOMAIN, PolicyReading(1, 2, (policy,)))
    assert sees(views)
    views.put(DOMAIN, PolicyReading(2, 3, (), (policy.id,)))
    assert not sees(views)
    assert views.revision(DOMAIN) == 3


def test_an_older_reading_that_arrives_late_revives_no_deleted_policy() -> None:
    views = followed()
    policy = fleets.policy(1)
    older = PolicyReading(1, 2, (policy,))
    newer = PolicyReading(1, 3, (), (policy.id,))

    views.put(DOMAIN, newer)
    views.put(DOMAIN, older)

    assert not sees(views)
    assert views.revision(DOMAIN) == 3


def test_an_older_reading_that_arrives_late_brings_no_older_revision() -> None:
    views = followed()
    allows = fleets.policy(1, revision=1)
    denies = fleets.policy(1, fleets.rule("deny"), revision=2)

    views.put(DOMAIN, PolicyReading(1, 3, (denies,)))
    views.put(DOMAIN, PolicyReading(1, 2, (allows,)))

    assert not sees(views)


def test_a_reading_that_leaves_a_gap_is_refused() -> None:
    views = followed(upto=4)

    with pytest.raises(ValueError, match="known only up to 4"):
        views.put(DOMAIN, PolicyReading(5, 6, (fleets.policy(1),)))
    assert not sees(views)


def test_a_domain_that_is_not_followed_is_told_apart_from_an_empty_one() -> None:
    views = followed()
    views.forget(DOMAIN)

    for domain_id in (DOMAIN, UNKNOWN):
        assert views.loaded(domain_id) is None
        with pytest.raises(LookupError):
            views.index(domain_id)
        with pytest.raises(LookupError):
            views.put(domain_id, PolicyReading(1, 2, ()))


def test_beginning_again_starts_from_what_was_read() -> None:
    views = followed(fleets.policy(1))
    views.begin(DOMAIN, PolicyReading(0, 9, ()))

    assert len(views.index(DOMAIN)) == 0
    assert views.revision(DOMAIN) == 9


@dataclass
class History:
    """The policies of a Domain after each of its mesh revisions."""

    moments: list[dict[PolicyId, NetworkPolicy]] = field(default_factory=lambda: [{}])

    def change(self, number: int, *, deletes: bool) -> None:
        now = dict(self.moments[-1])
        if deletes:
            now.pop(fleets.policy_id(number), None)
        elif any(fleets.policy_id(number) in moment for moment in self.moments):
            known = now.get(fleets.policy_id(number))
            if known is not None:
                now[known.id] = fleets.policy(number, revision=known.head.number + 1)
        else:
            now[fleets.policy_id(number)] = fleets.policy(number)
        self.moments.append(now)

    def reading(self, since: int, upto: int) -> PolicyReading:
        before, after = self.moments[since], self.moments[upto]
        changed = tuple(policy for key, policy in after.items() if before.get(key) != policy)
        lived = set[PolicyId]().union(*self.moments[since : upto + 1])
        return PolicyReading(since, upto, changed, tuple(lived - after.keys()))


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 3), st.booleans()), max_size=10),
    st.lists(st.tuples(st.integers(0, 10), st.integers(0, 10)), max_size=12),
)
def test_overlapping_readings_leave_the_policies_of_one_moment(
    changes: Sequence[tuple[int, bool]], readings: Sequence[tuple[int, int]]
) -> None:
    history = History()
    for number, deletes in changes:
        history.change(number, deletes=deletes)
    last = len(history.moments) - 1
    views = VisibilityViews()
    views.begin(DOMAIN, PolicyReading(0, 0, ()))
    for member in (ONE, TWO):
        views.index(DOMAIN).put_member(member)
    for since, upto in readings:
        known = views.revision(DOMAIN)
        since, upto = sorted((min(since, known), min(upto, last)))
        views.put(DOMAIN, history.reading(since, upto))

        assert views.revision(DOMAIN) == max(known, upto)
        assert entries(views) == policies_of(history.moments[views.revision(DOMAIN)])


def entries(views: VisibilityViews) -> set[tuple[str, str]]:
    compiled = views.index(DOMAIN).compiled(ONE.node_id)
    return {(entry.id.split(".")[0], entry.id.split(".")[1]) for entry in compiled}


def policies_of(moment: dict[PolicyId, NetworkPolicy]) -> set[tuple[str, str]]:
    return {(str(policy.id), str(policy.head.number)) for policy in moment.values()}
