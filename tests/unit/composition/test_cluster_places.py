"""Requests that wait for a silent cluster leave room for everybody else's."""

from contextlib import ExitStack
from uuid import UUID

import pytest

from plexsphere.api import catalogue
from plexsphere.api.problem import Refusal
from plexsphere.composition.cluster_places import AT_ONCE, AT_ONCE_OF_A_DOMAIN, ClusterPlaces

ONE, OTHER, THIRD = UUID(int=1), UUID(int=2), UUID(int=3)


def taken(places: ClusterPlaces, stack: ExitStack, domain_id: UUID, count: int) -> None:
    for _ in range(count):
        stack.enter_context(places(domain_id))


def test_a_domain_has_so_many_places_and_another_has_its_own() -> None:
    """H20."""
    places = ClusterPlaces()
    with ExitStack() as stack:
        taken(places, stack, ONE, AT_ONCE_OF_A_DOMAIN)

        with pytest.raises(Refusal) as refused, places(ONE):
            pytest.fail("there was no place left")
        with places(OTHER):
            pass

    assert refused.value.problem is catalogue.OVERLOADED
    assert refused.value.headers["Retry-After"]


def test_all_domains_together_have_so_many_and_who_leaves_makes_room() -> None:
    places = ClusterPlaces()
    with ExitStack() as stack:
        taken(places, stack, ONE, AT_ONCE_OF_A_DOMAIN)
        taken(places, stack, OTHER, AT_ONCE - AT_ONCE_OF_A_DOMAIN)
        with pytest.raises(Refusal), places(THIRD):
            pytest.fail("there was no place left")

    with places(THIRD):
        pass
