"""What nodes still have to be told of, in memory."""

import pytest

from plexsphere.policy.application.actions.offer_views import AT_ONCE, NOTHING, OfferViews
from tests.support.event_rows import node_id
from tests.support.fleet import DOMAIN
from tests.support.offers import an_offer, offered


def test_every_node_has_its_own_offers_in_the_order_they_were_read() -> None:
    views = offered(an_offer(1, 1), an_offer(1, 2), an_offer(2, 1))

    assert views.of(DOMAIN, node_id(1)) == (an_offer(1, 1), an_offer(1, 2))
    assert views.of(DOMAIN, node_id(2)) == (an_offer(2, 1),)
    assert views.of(DOMAIN, node_id(3)) == NOTHING


def test_what_is_read_again_replaces_the_offers_of_those_nodes_alone() -> None:
    views = offered(an_offer(1), an_offer(2), an_offer(3))

    views.put(DOMAIN, [node_id(1), node_id(2)], [an_offer(2, 2)])

    told = [views.of(DOMAIN, node_id(number)) for number in (1, 2, 3)]
    assert told == [NOTHING, (an_offer(2, 2),), (an_offer(3),)]


def test_until_something_is_read_a_node_has_the_same_object() -> None:
    views = offered(an_offer(1), an_offer(2))
    before = views.of(DOMAIN, node_id(1))

    views.put(DOMAIN, [node_id(2)], [])

    assert views.of(DOMAIN, node_id(1)) is before


def test_a_domain_that_is_not_followed_has_no_offers_and_takes_none() -> None:
    views = offered(an_offer(1))
    views.forget(DOMAIN)

    assert views.of(DOMAIN, node_id(1)) == NOTHING
    with pytest.raises(LookupError):
        views.put(DOMAIN, [node_id(1)], [an_offer(1)])


def test_a_large_domain_is_taken_over_in_steps_and_known_with_the_last() -> None:
    views = OfferViews()
    steps = views.begin(DOMAIN, [an_offer(number) for number in range(2 * AT_ONCE)])

    next(steps)

    assert views.of(DOMAIN, node_id(0)) == NOTHING
    assert len(list(steps)) == 1
    assert views.of(DOMAIN, node_id(0)) == (an_offer(0),)
