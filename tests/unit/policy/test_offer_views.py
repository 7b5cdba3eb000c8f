"""What nodes still have to be told of, in memory."""

from plexsphere.policy.application.actions.offer_views import AT_ONCE, NOTHING, OfferViews
from tests.support.event_rows import node_id
from tests.support.fleet import DOMAIN
from tests.support.offers import an_offer, execution_id, offer_anew, offered


def told(views: OfferViews, number: int) -> list[object]:
    """Return what is open for the node of a number, in order."""
    return list(views.of(DOMAIN, node_id(number)).values())


def test_every_node_has_its_own_offers_in_the_order_they_were_read() -> None:
    views = offered(an_offer(1, 1), an_offer(1, 2), an_offer(2, 1))

    assert told(views, 1) == [an_offer(1, 1), an_offer(1, 2)]
    assert list(views.of(DOMAIN, node_id(1))) == [execution_id(1), execution_id(2)]
    assert told(views, 2) == [an_offer(2, 1)]
    assert views.of(DOMAIN, node_id(3)) is NOTHING


def test_what_is_read_again_replaces_the_offers_of_those_nodes_alone() -> None:
    views = offered(an_offer(1), an_offer(2), an_offer(3))

    offer_anew(views, [1, 2], an_offer(2, 2))

    assert [told(views, number) for number in (1, 2, 3)] == [[], [an_offer(2, 2)], [an_offer(3)]]


def test_until_something_is_read_a_node_has_the_same_object() -> None:
    views = offered(an_offer(1), an_offer(2))
    before = views.of(DOMAIN, node_id(1))

    offer_anew(views, [2])

    assert views.of(DOMAIN, node_id(1)) is before


def test_an_offer_that_is_read_again_stays_the_object_it_was() -> None:
    views = offered(an_offer(1, parameters='{"a":1}'))
    [before] = told(views, 1)

    offer_anew(views, [1], an_offer(1, parameters='{"a":1}'), an_offer(1, 2))

    assert told(views, 1)[0] is before
    assert told(views, 1)[1:] == [an_offer(1, 2)]


def test_what_a_node_took_up_is_dropped_and_its_other_offers_stay() -> None:
    views = offered(an_offer(1, 1), an_offer(1, 2), an_offer(2, 1))
    before = views.of(DOMAIN, node_id(1))

    views.drop(DOMAIN, node_id(1), execution_id(1))
    views.drop(DOMAIN, node_id(1), execution_id(9))
    views.drop(DOMAIN, node_id(2), execution_id(1))
    views.drop(DOMAIN, node_id(3), execution_id(1))

    assert [told(views, number) for number in (1, 2, 3)] == [[an_offer(1, 2)], [], []]
    assert views.of(DOMAIN, node_id(1)) is not before


def test_a_domain_that_is_not_followed_has_no_offers_and_nothing_to_drop() -> None:
    views = offered(an_offer(1))
    views.forget(DOMAIN)

    views.drop(DOMAIN, node_id(1), execution_id(1))

    assert views.of(DOMAIN, node_id(1)) is NOTHING


def test_a_large_domain_is_prepared_in_steps_whether_many_nodes_are_offered_something_or_one() -> None:
    many = [an_offer(number) for number in range(2 * AT_ONCE)]
    to_one = [an_offer(1, number) for number in range(2 * AT_ONCE)]
    views = OfferViews()

    assert offer_anew(views, [], *many) == 3
    assert offer_anew(views, range(2 * AT_ONCE)) == 3
    assert offer_anew(views, [1], *to_one) == 3
    assert told(views, 1) == to_one
