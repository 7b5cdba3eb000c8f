"""What a node knows: events change it, reconciliation makes it right, and neither undoes the other."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plexd.node.demand import Demand
from plexd.node.drift import drift
from plexd.node.knowledge import Knowledge
from plexd.node.view import REVOCATIONS, View
from plexd.protocol.events.payloads import (
    NodeSecretsUpdated,
    NodeStateUpdated,
    Payload,
    PeerChanged,
    PeerRemoved,
    PolicyUpdated,
    RotateKeys,
    SessionRevoked,
    SigningKeyRotated,
    UnknownPayload,
    read_payload,
)
from plexd.protocol.keys.errors import BadKeyError
from plexd.protocol.keys.signing_keys import SigningKeys
from plexd.protocol.masked import Masked
from plexd.protocol.messages.entries import Entry, SecretRef
from plexd.protocol.messages.executions import ActionRequest
from plexd.protocol.messages.peers import Peer, PeerEndpoint
from plexd.protocol.messages.state import Policy, PolicyRule, PublishedSigningKeys, Snapshot, State
from tests.unit.plexd.signing import base64_of

KEYS = SigningKeys(b"a" * 32)
P1 = Peer("p1", "k1", "10.100.0.1", "203.0.113.1:51820", ("10.100.0.1/32",), Masked("s1"), "1.0.0")


def view(*peers: Peer) -> View:
    return View(KEYS, {peer.id: peer for peer in peers})


def payload(event_type: str, text: str) -> Payload:
    return read_payload(event_type, text.encode())


def test_a_peer_with_all_its_fields_is_added() -> None:
    known = view()
    told = payload(
        "peer_added",
        '{"peer_id":"p1","id":"p1","public_key":"k1","mesh_ip":"10.100.0.1","endpoint":"203.0.113.1:51820",'
        '"allowed_ips":["10.100.0.1/32"],"psk":"s1","psk_epoch":"1.0.0"}',
    )

    assert known.apply(told) is Demand.NOTHING
    assert known.peers == {"p1": P1}


def test_a_peer_may_be_named_by_peer_id_alone() -> None:
    known = view()
    known.apply(payload("peer_added", '{"peer_id":"p9","public_key":"k","mesh_ip":"10.100.0.9"}'))

    assert known.peers["p9"].public_key == "k"


@pytest.mark.parametrize(
    ("event_type", "told", "changed"),
    [
        (
            "peer_key_rotated",
            '{"peer_id":"p1","public_key":"k2","psk":"s2"}',
            {"public_key": "k2", "psk": Masked("s2")},
        ),
        ("peer_endpoint_changed", '{"peer_id":"p1","endpoint":"1.2.3.4:5"}', {"endpoint": "1.2.3.4:5"}),
        ("peer_endpoint_changed", '{"id":"p1","liveness":"unreachable"}', {"liveness": "unreachable"}),
    ],
)
def test_what_a_change_does_not_name_stays(event_type: str, told: str, changed: dict[str, Any]) -> None:
    known = view(P1)
    known.apply(payload(event_type, told))

    assert {name: getattr(known.peers["p1"], name) for name in changed} == changed
    assert known.peers["p1"].allowed_ips == P1.allowed_ips


def test_a_change_to_a_stranger_that_tells_too_little_calls_for_the_state() -> None:
    known = view()

    assert known.apply(PeerChanged(peer_id="p9", endpoint="1.2.3.4:5")) is Demand.RECONCILE
    assert known.apply(PeerChanged(public_key="k", mesh_ip="10.100.0.9")) is Demand.RECONCILE
    assert known.peers == {}


def test_a_removed_peer_is_gone_and_a_stranger_cannot_go() -> None:
    known = view(P1)

    assert known.apply(PeerRemoved(peer_id="p1", reason="offline")) is Demand.NOTHING
    assert known.apply(PeerRemoved(id="p1")) is Demand.NOTHING
    assert known.peers == {}


def test_a_policy_update_is_the_full_ruleset_or_a_call_for_the_state() -> None:
    known, policy = (
        view(),
        Policy("pol.2", (PolicyRule("10.100.0.0/24", "10.100.0.1/32", 443, "tcp", "allow"),)),
    )
    known.policies = {"pol.1": Policy("pol.1")}

    assert known.apply(PolicyUpdated()) is Demand.RECONCILE
    assert known.policies.keys() == {"pol.1"}
    assert known.apply(PolicyUpdated((policy,))) is Demand.NOTHING
    assert known.policies == {"pol.2": policy}


def test_a_node_state_update_replaces_metadata_and_data() -> None:
    known = view()
    known.metadata, known.data = {"old": "x"}, {"old": Entry("old")}
    known.apply(NodeStateUpdated({"env": "prod"}, (Entry("new", version=2),)))
    assert (known.metadata, list(known.data)) == ({"env": "prod"}, ["new"])

    known.apply(payload("node_state_updated", '{"node_id":"n","metadata":null}'))
    assert (known.metadata, known.data) == ({}, {})


def test_a_secrets_update_replaces_the_index() -> None:
    known = view()
    known.apply(NodeSecretsUpdated((SecretRef("a", 1),)))
    known.apply(NodeSecretsUpdated((SecretRef("b", 2),)))

    assert known.secrets == {"b": 2}


def test_a_new_signing_key_is_trusted_and_a_broken_one_never() -> None:
    known = view()
    assert (
        known.apply(SigningKeyRotated(current=base64_of(b"b" * 32), previous=base64_of(b"a" * 32)))
        is Demand.NOTHING
    )
    assert (known.signing_keys.current, known.signing_keys.previous) == (b"b" * 32, b"a" * 32)

    for broken in (
        SigningKeyRotated(),
        SigningKeyRotated(current="AAAA"),
        SigningKeyRotated(current="", previous="x"),
    ):
        assert known.apply(broken) is Demand.RECONCILE
    assert known.signing_keys.current == b"b" * 32


def test_revoked_sessions_are_remembered_up_to_a_bound() -> None:
    known = view()
    for number in range(REVOCATIONS + 1):
        known.apply(SessionRevoked(f"s{number}"))

    assert len(known.revoked_sessions) == REVOCATIONS
    assert f"s{REVOCATIONS}" in known.revoked_sessions


def test_some_events_ask_for_a_deed() -> None:
    assert view().apply(RotateKeys()) is Demand.ROTATE_KEYS
    assert view().apply(ActionRequest("e1", "ping")) is Demand.EXECUTE
    assert view().apply(UnknownPayload()) is Demand.NOTHING


def test_an_endpoint_answer_moves_known_peers_only() -> None:
    known = view(P1)
    known.move([PeerEndpoint("p1", ""), PeerEndpoint("p9", "1.2.3.4:5")])
    assert known.peers == {"p1": P1}

    known.move([PeerEndpoint("p1", "1.2.3.4:5")])
    assert known.peers["p1"].endpoint == "1.2.3.4:5"


def test_drift_names_each_thing_put_right() -> None:
    had, has = (
        view(P1, replace_id(P1, "p2")),
        view(replace_id(P1, "p3"), replace_id(P1, "p2", public_key="k9")),
    )
    has.metadata = {"a": "b"}

    assert [correction.type for correction in drift(had, has)] == [
        "peer_removed",
        "peer_updated",
        "peer_added",
        "metadata_updated",
    ]


def replace_id(peer: Peer, peer_id: str, **fields: Any) -> Peer:
    told = {name: getattr(peer, name) for name in Peer.__struct_fields__}
    return Peer(**{**told, "id": peer_id, **fields})


def test_the_order_of_allowed_ips_is_no_drift() -> None:
    one = replace_id(P1, "p1", allowed_ips=("10.0.0.1/32", "10.0.0.2/32"))
    other = replace_id(P1, "p1", allowed_ips=("10.0.0.2/32", "10.0.0.1/32"))

    assert drift(view(one), view(other)) == ()


def test_a_state_without_liveness_leaves_it_as_it_is_known() -> None:
    knowledge = Knowledge(view(replace_id(P1, "p1", liveness="unreachable")))

    assert knowledge.reconcile(Snapshot(State(peers=(P1,)), 1)) == ()
    assert knowledge.view.peers["p1"].liveness == "unreachable"


def test_a_state_without_signing_keys_takes_none_away_and_a_broken_one_changes_nothing() -> None:
    knowledge = Knowledge(view(P1))
    knowledge.reconcile(Snapshot(State(peers=(P1,)), 1))
    assert knowledge.view.signing_keys == KEYS

    with pytest.raises(BadKeyError):
        knowledge.reconcile(Snapshot(State(signing_keys=PublishedSigningKeys("")), 2))
    assert knowledge.view.peers == {"p1": P1}


PEER_IDS = st.sampled_from(["p1", "p2", "p3"])
CHANGES = st.builds(
    PeerChanged,
    id=PEER_IDS,
    public_key=st.sampled_from(["k1", "k2"]),
    mesh_ip=st.just("10.100.0.1"),
    endpoint=st.sampled_from(["", "1.2.3.4:5", "1.2.3.4:6"]),
    allowed_ips=st.just(("10.100.0.1/32",)),
    psk=st.sampled_from([Masked("s1"), Masked("s2")]),
    psk_epoch=st.just("1"),
    liveness=st.sampled_from(["reachable", "unreachable"]),
)
PAYLOADS: st.SearchStrategy[Payload] = st.one_of(
    CHANGES,
    st.builds(PeerRemoved, id=PEER_IDS),
    st.builds(NodeStateUpdated, st.dictionaries(st.sampled_from("ab"), st.sampled_from("xy"))),
    st.builds(
        NodeSecretsUpdated,
        st.lists(st.builds(SecretRef, st.sampled_from("ab"), st.integers(1, 3))).map(tuple),
    ),
    st.builds(PolicyUpdated, st.lists(st.builds(Policy, st.sampled_from(["x.1", "x.2"]))).map(tuple)),
)
LOG = st.lists(PAYLOADS, max_size=12)


def truth(log: list[Payload]) -> View:
    told = view()
    for each in log:
        told.apply(each)
    return told


def state_of(told: View) -> State:
    return State(
        peers=tuple(told.peers.values()),
        policies=tuple(told.policies.values()),
        metadata=told.metadata,
        data=tuple(told.data.values()),
        secret_refs=tuple(SecretRef(key, version) for key, version in told.secrets.items()),
    )


@given(PAYLOADS, LOG)
def test_an_event_applied_twice_is_an_event_applied_once(again: Payload, log: list[Payload]) -> None:
    assert truth([*log, again, again]) == truth([*log, again])


@given(LOG, LOG)
def test_reconciliation_brings_any_node_to_the_desired_state_and_then_finds_no_drift(
    known: list[Payload], desired: list[Payload]
) -> None:
    knowledge, snapshot = Knowledge(truth(known)), Snapshot(state_of(truth(desired)), 1)
    knowledge.reconcile(snapshot)

    assert knowledge.view == truth(desired)
    assert knowledge.reconcile(snapshot) == ()


@settings(max_examples=150)
@given(st.lists(PAYLOADS, min_size=1, max_size=12), st.data())
def test_no_state_answer_takes_back_an_event_that_came_while_it_was_under_way(
    log: list[Payload], data: st.DataObject
) -> None:
    """Asked at one offset, taken at a later one, arriving after yet more events: the node ends up with them all."""
    asked = data.draw(st.integers(0, len(log)), "asked")
    taken = data.draw(st.integers(asked, len(log)), "taken")
    arrived = data.draw(st.integers(asked, len(log)), "arrived")
    knowledge = Knowledge(view())
    for offset, each in enumerate(log[:arrived], start=1):
        if offset == asked + 1:
            knowledge.expect_snapshot()
        knowledge.apply(each, offset)

    corrections = knowledge.reconcile(Snapshot(state_of(truth(log[:taken])), taken))

    assert knowledge.view == truth(log[: max(taken, arrived)])
    if taken <= arrived:
        assert corrections == ()


def test_an_event_before_the_question_is_not_applied_to_the_answer() -> None:
    knowledge = Knowledge(view())
    knowledge.apply(PeerChanged(id="p1", public_key="k", mesh_ip="10.100.0.1"), 5)
    knowledge.expect_snapshot()
    knowledge.reconcile(Snapshot(State(), 9))

    assert knowledge.view.peers == {}
    assert knowledge.seen_offset == 5


def test_a_view_is_equal_by_value() -> None:
    assert view(P1) == view(P1)
    assert view(P1) != replace(view(P1), metadata={"a": "b"})
