import pytest

from plexsphere.api.callers import AuthorizationAway
from plexsphere.api.refusals import refusal_of
from plexsphere.platform.kernel.unit_of_work import (
    OutcomeUnknown,
    StoreContended,
    StoreOverloaded,
    StoreUnavailable,
)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (StoreUnavailable(), "datastore_unavailable"),
        (OutcomeUnknown(), "datastore_unavailable"),
        (StoreOverloaded(), "overloaded"),
        (StoreContended(), "overloaded"),
        (AuthorizationAway(), "authz_unavailable"),
    ],
)
def test_whatever_is_away_or_busy_answers_503_and_says_when_to_come_back(error: Exception, code: str) -> None:
    """H18, H40: the kinds of a kind as well; none of them is a 500."""
    refusal = refusal_of(error)

    assert (refusal.problem.status, refusal.problem.code) == (503, code)
    assert int(refusal.headers["Retry-After"]) >= 1


def test_every_way_a_store_can_fail_is_a_503() -> None:
    """A kind that is added later is none of those that end as `internal`."""
    kinds = [StoreUnavailable]
    for kind in kinds:
        kinds += kind.__subclasses__()

    assert {refusal_of(kind()).problem.status for kind in kinds} == {503}
