"""The guard before a change by which policy tests would not hold (decision 0045)."""

from plexsphere.policy.domain.difference import Difference
from plexsphere.policy.domain.errors import PolicyTestBroken, PolicyTestsUnjudged, TooManyPolicyTests
from plexsphere.policy.domain.policy_test import MOST_TESTS


def require_tests_hold(difference: Difference, *, confirmed: bool) -> None:
    """
    Let the change of a policy pass if it is to blame for no policy test of the Project that fails.

    Raises:
        TooManyPolicyTests: the Project would have more tests than are judged with every change.
        PolicyTestBroken: the first test that the change breaks, or that it brings and that does not hold.
        PolicyTestsUnjudged: it would take too long to judge all of them, and the change is not confirmed.
    """
    if difference.test_count > MOST_TESTS:
        raise TooManyPolicyTests(difference.test_count, MOST_TESTS)
    for failed in difference.failed_tests:
        if failed.by_change:
            raise PolicyTestBroken(failed.slug, failed.name)
    if difference.unjudged_tests and not confirmed:
        raise PolicyTestsUnjudged(difference.unjudged_tests)
