"""What nodes are told when too many of them come at once."""

import pytest

from plexsphere.api import catalogue
from plexsphere.api.problem import Problem, Refusal
from plexsphere.api.v1.node_protocol import problems
from plexsphere.composition.bridges.node_protocol import TRANSLATED
from plexsphere.fleet.domain import errors


@pytest.mark.parametrize(
    ("error", "problem", "seconds"),
    [
        (errors.TooManyStates, catalogue.OVERLOADED, "10"),
        (errors.TooManyStreams, problems.TOO_MANY_STREAMS, "5"),
        (errors.PlaceLostTooOften, catalogue.RATE_LIMITED, "60"),
        (errors.StreamsReplacedTooOften, catalogue.RATE_LIMITED, "60"),
    ],
)
def test_a_crowd_is_told_when_to_come_again(
    error: type[errors.FleetError], problem: Problem, seconds: str
) -> None:
    with pytest.raises(Refusal) as refused, TRANSLATED:
        raise error

    assert refused.value.problem is problem
    assert refused.value.headers == {"Retry-After": seconds}
