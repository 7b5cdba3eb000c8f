"""What a node is asked to do, in the words of the protocol, as long as it may do it."""

import json
from datetime import timedelta, timezone
from typing import Any

from plexsphere.fleet.domain.wire_json import wire_json
from plexsphere.policy.application.actions.offer_views import OfferViews
from plexsphere.policy.ports.actions.offers import Offer
from tests.support.event_rows import node_id
from tests.support.fleet import DOMAIN
from tests.support.identity import FakeClock
from tests.support.offers import (
    EXPIRES,
    PUBLIC_URL,
    an_offer,
    execution_id,
    offer_anew,
    offered,
    pending_actions,
)

ONE = node_id(1)


def told(offer: Offer) -> dict[str, Any]:
    """Return what the node is asked by this offer alone."""
    [asked] = json.loads(pending_actions(FakeClock(), offered(offer)).all_of(DOMAIN, offer.node_id))
    assert isinstance(asked, dict)
    return asked


def test_a_request_says_everything_an_agent_needs_in_the_protocols_words() -> None:
    """C37: where its results go is the configured URL, to the letter."""
    execution = str(execution_id(1))

    assert told(an_offer(1, parameters='{"target":"/srv","compress":true,"level":9}')) == {
        "execution_id": execution,
        "action": "hooks/backup",
        "type": "hook",
        "parameters": {"target": "/srv", "compress": True, "level": 9},
        "timeout": "90s",
        "callback_url": f"{PUBLIC_URL}/v1/nodes/{ONE}/executions/{execution}",
        "checksum": "sha256:ab",
        "expires_at": "2026-01-15T11:00:00Z",
        "triggered_by": {"type": "control_plane"},
    }


def test_a_request_is_signed_as_it_is_sent_whatever_its_parameters_hold() -> None:
    asked = pending_actions(FakeClock(), offered(an_offer(1, parameters='{ "note": "a<b>&c é" }')))

    text = asked.request(DOMAIN, ONE, execution_id(1))

    assert text is not None
    assert text.isascii()
    assert "{" + text == wire_json(json.loads("{" + text))


def test_an_expiry_is_told_in_universal_time_and_never_later_than_it_is() -> None:
    elsewhere = EXPIRES.astimezone(timezone(timedelta(hours=5, minutes=30)))

    assert told(an_offer(1, expires_at=elsewhere))["expires_at"] == "2026-01-15T11:00:00Z"


def test_what_is_no_offer_of_the_node_is_not_asked() -> None:
    pending = pending_actions(FakeClock(), offered(an_offer(1, 1), an_offer(2, 2)))

    assert pending.request(DOMAIN, ONE, execution_id(2)) is None
    assert pending.request(DOMAIN, node_id(3), execution_id(1)) is None
    assert pending.all_of(DOMAIN, node_id(3)) == "[]"


def test_an_expired_offer_is_asked_neither_by_an_event_nor_with_the_state() -> None:
    clock = FakeClock()
    pending = pending_actions(
        clock, offered(an_offer(1, 1, clock.now()), an_offer(1, 2, clock.now() + timedelta(seconds=1)))
    )

    assert pending.request(DOMAIN, ONE, execution_id(1)) is None
    assert pending.request(DOMAIN, ONE, execution_id(2)) is not None
    assert [each["execution_id"] for each in json.loads(pending.all_of(DOMAIN, ONE))] == [
        str(execution_id(2))
    ]


def test_the_tag_is_another_for_other_executions_and_for_another_expiry_and_empty_for_none() -> None:
    later = EXPIRES + timedelta(seconds=1)
    known = [
        (),
        (an_offer(1, 1),),
        (an_offer(1, 2),),
        (an_offer(1, 1), an_offer(1, 2)),
        (an_offer(1, 1, later),),
    ]

    tags = [pending_actions(FakeClock(), offered(*offers)).tag(DOMAIN, ONE) for offers in known]

    assert tags[0] == b""
    assert len(set(tags)) == len(known)


def test_the_moment_is_another_after_every_change() -> None:
    views = offered(an_offer(1))
    pending = pending_actions(FakeClock(), views)
    before = pending.moment(DOMAIN, ONE)

    offer_anew(views, [1], an_offer(1))

    assert pending.moment(DOMAIN, ONE) is not before
    assert pending.moment(DOMAIN, node_id(2)) is pending_actions(FakeClock(), OfferViews()).moment(
        DOMAIN, ONE
    )
