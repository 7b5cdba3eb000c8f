"""More peers than are supported are told to whoever runs the place, and refuse nobody (design D14)."""

import logging
from uuid import UUID

import pytest

from plexsphere.fleet.application.crowd_watch import AGAIN_SECONDS, MOST_DOMAINS, MOST_PEERS, CrowdWatch
from plexsphere.platform.kernel.ids import DomainId
from tests.support.event_rows import node_id
from tests.support.fleet import DOMAIN
from tests.support.identity import FakeClock


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]


def test_a_node_with_as_many_peers_as_are_supported_is_nothing_to_speak_of(
    caplog: pytest.LogCaptureFixture,
) -> None:
    CrowdWatch(FakeClock()).note(DOMAIN, node_id(1), MOST_PEERS)

    assert warnings(caplog) == []


def test_one_peer_more_is_told_with_node_domain_and_number(caplog: pytest.LogCaptureFixture) -> None:
    CrowdWatch(FakeClock()).note(DOMAIN, node_id(1), MOST_PEERS + 1)

    assert warnings(caplog) == [
        f"node {node_id(1)} of Domain {DOMAIN} sees 1001 peers; up to 1000 are supported"
    ]


def test_a_domain_is_told_of_once_an_hour_however_many_of_its_nodes_are_crowded(
    caplog: pytest.LogCaptureFixture,
) -> None:
    clock = FakeClock()
    watch = CrowdWatch(clock)
    for _ in range(3):
        for number in range(10):
            watch.note(DOMAIN, node_id(number), MOST_PEERS + 1)
        clock.advance(AGAIN_SECONDS / 2)

    assert len(warnings(caplog)) == 2


def test_what_it_remembers_is_bounded(caplog: pytest.LogCaptureFixture) -> None:
    watch = CrowdWatch(FakeClock())
    for number in range(MOST_DOMAINS + 2):
        watch.note(DomainId(UUID(int=number + 1)), node_id(1), MOST_PEERS + 1)
    before = len(warnings(caplog))

    watch.note(DomainId(UUID(int=MOST_DOMAINS + 2)), node_id(1), MOST_PEERS + 1)
    watch.note(DomainId(UUID(int=1)), node_id(1), MOST_PEERS + 1)

    assert len(warnings(caplog)) == before + 1
