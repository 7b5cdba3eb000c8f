"""A simulated node against a small control plane, over real sockets."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest
from aiohttp import web
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from plexd.protocol.client.control_plane import ControlPlane
from plexd.protocol.errors import Refused, Unauthorized, Unreachable, Unreadable
from plexd.protocol.events.verification import Rejection
from plexd.protocol.masked import Masked
from plexd.protocol.messages.capabilities import BinaryInfo, Capabilities
from plexd.protocol.messages.executions import ActionRequest
from plexd.protocol.timing import Timing
from plexd.simulate.executions import Outcome
from plexd.simulate.node import SimulatedNode
from plexd.simulate.pace import Pace
from tests.unit.plexd.signing import Pen, base64_of, frame
from tests.unit.plexd.stub_control_plane import END, StubControlPlane, problem, serving

NODE = "node-1"
CALM = Pace(heartbeat=6000, reconcile=6000, endpoint=6000, enrolment_patience=5)


def hasty() -> Timing:
    """Sleep a hundredth of what is asked, so that waits of seconds pass in a test."""
    system = Timing.system()
    return Timing(system.clock, lambda seconds: asyncio.sleep(seconds / 100), lambda: 0.5)


@pytest.fixture
def stub() -> StubControlPlane:
    return StubControlPlane()


@pytest.fixture
async def control_plane(stub: StubControlPlane) -> AsyncIterator[ControlPlane]:
    async with serving(stub) as control_plane:
        yield control_plane


def simulated(control_plane: ControlPlane, pace: Pace = CALM, **more: Any) -> SimulatedNode:
    return SimulatedNode(control_plane, "plx_enroll_x", "web-01", pace=pace, timing=hasty(), **more)


async def test_a_node_enrols_fetches_its_state_and_begins_its_duties(
    stub: StubControlPlane, control_plane: ControlPlane
) -> None:
    stub.states[NODE] = {"metadata": {"env": "prod"}, "data": None}
    async with simulated(control_plane, metadata={"os": "linux"}) as node:
        await node.until_streaming()
        await node.until(lambda: node.counters.heartbeats > 0 and bool(stub.asked("/endpoint")))

    assert (node.node_id, node.mesh_ip) == (NODE, "10.100.0.1")
    assert node.view.metadata == {"env": "prod"}
    assert stub.asked("/register")[0].json["metadata"] == {"os": "linux"}
    assert stub.asked("/heartbeat")[0].json["status"] == "healthy"
    assert stub.asked("/endpoint")[0].json["nat_type"] == "full_cone"


async def test_events_change_what_the_node_knows(stub: StubControlPlane, control_plane: ControlPlane) -> None:
    async with simulated(control_plane) as node:
        peer = {"id": "p", "peer_id": "p", "public_key": "k", "mesh_ip": "10.100.0.9", "psk": "shared"}
        stub.emit(NODE, "peer_added", 1, **peer)
        assert (await node.until_sees("p")).public_key == "k"
        assert node.psk("p") == Masked("shared")

        stub.emit(NODE, "peer_removed", 2, peer_id="p", reason="offline")
        await node.until_misses("p")

    assert node.psk("p") is None
    assert node.last_event_id == "2.0"
    assert (node.counters.frames, node.counters.verified, node.counters.disordered) == (2, 2, 0)


async def test_bad_events_are_counted_by_reason_and_change_nothing(
    stub: StubControlPlane, control_plane: ControlPlane
) -> None:
    async with simulated(control_plane) as node:
        peer = {"peer_id": "p", "public_key": "k", "mesh_ip": "10.100.0.9"}
        stub.streams[NODE].put_nowait(frame(b"{}", "1.0"))
        stub.pen, honest = Pen(9), stub.pen
        stub.emit(NODE, "peer_added", 2, **peer)
        stub.pen = honest
        stub.emit(NODE, "peer_added", 3, **{**peer, "node_id": "node-2"})
        text = stub.emit(NODE, "session_revoked", 4, session_id="s")
        stub.streams[NODE].put_nowait(text)
        await node.until(lambda: node.counters.frames == 5)

    assert node.counters.rejected == {
        Rejection.MALFORMED: 1,
        Rejection.BAD_SIGNATURE: 1,
        Rejection.FOR_ANOTHER_NODE: 1,
        Rejection.REPLAYED: 1,
    }
    assert node.counters.suspicious() == 3
    assert (node.counters.redelivered, node.counters.disordered) == (1, 0)
    assert node.peers == {}


async def test_frames_out_of_order_are_noticed(stub: StubControlPlane, control_plane: ControlPlane) -> None:
    async with simulated(control_plane) as node:
        for offset, k in [(5, 1), (5, 3), (4, 0), (5, 2)]:
            stub.emit(NODE, "session_revoked", offset, k, session_id="s")
        await node.until(lambda: node.counters.frames == 4)

    assert node.counters.disordered == 2


async def test_a_lost_stream_is_taken_up_where_it_ended_and_followed_by_a_reconciliation(
    stub: StubControlPlane, control_plane: ControlPlane
) -> None:
    async with simulated(control_plane) as node:
        stub.emit(NODE, "session_revoked", 7, 2, session_id="s")
        await node.until(lambda: node.last_event_id == "7.2")
        stub.states[NODE] = {"metadata": {"missed": "yes"}}
        stub.streams[NODE].put_nowait(END)
        await node.until(lambda: node.counters.reconnects == 1)
        await node.until(lambda: node.view.metadata == {"missed": "yes"})

    assert stub.asked("/events")[1].headers["Last-Event-ID"] == "7.2"
    assert stub.asked("/state")[-1].headers["Plexsphere-State-Version"] == "7"


async def test_a_reconciliation_reports_what_it_put_right_but_not_the_first_one(
    stub: StubControlPlane, control_plane: ControlPlane
) -> None:
    stub.states[NODE] = {"metadata": {"a": "1"}}
    async with simulated(control_plane) as node:
        assert not stub.asked("/drift")
        stub.states[NODE] = {"metadata": {"a": "2"}}
        node.reconcile_now()
        await node.until(lambda: node.counters.corrections == 1)

    assert [each["type"] for each in stub.asked("/drift")[0].json["corrections"]] == ["metadata_updated"]


async def test_a_heartbeat_answer_can_call_for_a_reconciliation(
    stub: StubControlPlane, control_plane: ControlPlane
) -> None:
    stub.script("/heartbeat", web.json_response({"reconcile": True}))
    async with simulated(control_plane) as node:
        await node.until(lambda: node.counters.states >= 2)


@pytest.mark.parametrize("by_event", [True, False])
async def test_a_key_rotation_offers_one_new_key_until_it_is_taken(
    stub: StubControlPlane, control_plane: ControlPlane, by_event: bool
) -> None:
    stub.script("/keys/rotate", problem(503, "overloaded"), web.json_response({"updated_peers": [PEER]}))
    stub.states[NODE] = {"peers": [PEER]}
    if not by_event:
        stub.script("/heartbeat", web.json_response({"rotate_keys": True}))
    async with simulated(control_plane) as node:
        before = node.public_key
        if by_event:
            stub.emit(NODE, "rotate_keys", 1)
        await node.until(lambda: node.counters.rotations == 1)

    offered = [each.json["new_public_key"] for each in stub.asked("/keys/rotate")]
    assert offered == [node.public_key] * 2
    assert node.public_key != before
    assert node.psk("p") == Masked("fresh")


PEER = {"id": "p", "public_key": "k", "mesh_ip": "10.100.0.9", "psk": "fresh"}


async def test_a_new_signing_key_is_trusted_after_the_old_one_vouched_for_it(
    stub: StubControlPlane, control_plane: ControlPlane
) -> None:
    """H31: the rotation is signed by the old key; the events after it by the new one."""
    async with simulated(control_plane) as node:
        old, new = stub.pen, Pen(2)
        keys = {
            "current": new.public_key,
            "previous": old.public_key,
            "transition_expires": "2999-01-01T00:00:00Z",
        }
        stub.emit(NODE, "signing_key_rotated", 1, **keys)
        stub.pen = new
        stub.emit(NODE, "session_revoked", 2, session_id="new")
        stub.pen = old
        stub.emit(NODE, "session_revoked", 3, session_id="old")
        await node.until(lambda: node.counters.verified == 3)

    assert node.counters.suspicious() == 0


async def test_an_action_is_acknowledged_answered_and_run_once(
    stub: StubControlPlane, control_plane: ControlPlane
) -> None:
    request = {"execution_id": "e1", "action": "ping", "parameters": {"deep": True}}
    stub.states[NODE] = {"pending_actions": [request]}
    stub.script("/executions/e1/result", problem(500, "internal"))
    ran: list[ActionRequest] = []

    def perform(action: ActionRequest) -> Outcome:
        ran.append(action)
        return Outcome("failure", 3, "out", "err")

    async with simulated(control_plane, perform=perform) as node:
        stub.emit(NODE, "action_request", 1, **request)
        await node.until(lambda: node.counters.executions == 1 and node.counters.verified == 1)

    assert [action.parameters for action in ran] == [{"deep": True}]
    assert [each.json["status"] for each in stub.asked("/e1/ack")] == ["accepted"]
    results = [each.json for each in stub.asked("/e1/result")]
    assert [(each["status"], each["exit_code"], each["stderr"]) for each in results] == [
        ("failure", 3, "err")
    ] * 2


async def test_a_rejected_action_has_a_reason_and_no_result(
    stub: StubControlPlane, control_plane: ControlPlane
) -> None:
    async with simulated(control_plane, perform=lambda _: Outcome(rejection="unknown action")) as node:
        stub.emit(NODE, "action_request", 1, execution_id="e1", action="nonsense")
        await node.until(lambda: node.counters.rejections == 1)

    assert stub.asked("/e1/ack")[0].json == {
        "execution_id": "e1",
        "status": "rejected",
        "reason": "unknown action",
    }
    assert not stub.asked("/e1/result")
    assert (node.counters.requests, node.counters.executions) == (1, 0)


async def test_an_expired_action_is_rejected_before_anything_else_is_asked_of_it(
    stub: StubControlPlane, control_plane: ControlPlane
) -> None:
    considered: list[str] = []

    def perform(action: ActionRequest) -> Outcome:
        considered.append(action.execution_id)
        return Outcome()

    async with simulated(control_plane, perform=perform) as node:
        for offset, (name, expires) in enumerate((("e1", "2026-01-01"), ("e2", "2999-01-01")), start=1):
            request = {"execution_id": name, "action": "ping", "expires_at": f"{expires}T00:00:00Z"}
            stub.emit(NODE, "action_request", offset, **request)
        await node.until(lambda: node.counters.rejections == node.counters.executions == 1)

    assert considered == ["e2"]
    assert (stub.asked("/e1/ack")[0].json["reason"], len(stub.asked("/e1/result"))) == ("expired", 0)


async def test_an_action_that_is_not_wanted_any_more_is_not_run(
    stub: StubControlPlane, control_plane: ControlPlane
) -> None:
    stub.script("/e1/ack", web.json_response({"proceed": False}))
    stub.script("/e2/ack", web.json_response({"proceed": True}))

    async with simulated(control_plane) as node:
        for offset, name in enumerate(("e1", "e2"), start=1):
            stub.emit(NODE, "action_request", offset, execution_id=name, action="ping")
        await node.until(lambda: node.counters.unwanted == node.counters.executions == 1)

    assert not stub.asked("/e1/result")
    assert len(stub.asked("/e2/result")) == 1


async def test_a_cancelled_action_is_stopped_and_one_that_was_cancelled_before_is_never_begun(
    stub: StubControlPlane, control_plane: ControlPlane
) -> None:
    async with simulated(control_plane, perform=lambda _: Outcome(seconds=600)) as node:
        stub.emit(NODE, "action_request", 1, execution_id="e1", action="ping")
        await stub.until_asked("/e1/ack")
        stub.emit(NODE, "action_cancelled", 2, execution_id="e1")
        stub.emit(NODE, "action_cancelled", 3, execution_id="e2")
        stub.emit(NODE, "action_request", 4, execution_id="e2", action="ping")
        await node.until(lambda: node.counters.executions == 1 and node.counters.verified == 4)

    assert stub.asked("/e1/result")[0].json["status"] == "cancelled"
    assert not stub.asked("/e2/ack")
    assert (node.counters.requests, node.counters.cancellations) == (1, 1)


async def test_an_action_that_runs_longer_than_it_may_is_killed(
    stub: StubControlPlane, control_plane: ControlPlane
) -> None:
    async with simulated(control_plane, perform=lambda _: Outcome(seconds=600)) as node:
        stub.emit(NODE, "action_request", 1, execution_id="e1", action="ping", timeout="0.01s")
        await node.until(lambda: node.counters.executions == 1)

    [result] = stub.asked("/e1/result")
    assert (result.json["status"], result.json["duration"]) == ("timeout", "0.01s")


async def test_a_secret_is_fetched_and_opened(stub: StubControlPlane, control_plane: ControlPlane) -> None:
    sealed = AESGCM(b"k" * 32).encrypt(b"n" * 12, b"top secret", None)
    answer = {"key": "tls", "ciphertext": base64_of(sealed), "nonce": base64_of(b"n" * 12), "version": 1}
    stub.script("/secrets/tls", web.json_response(answer))
    async with simulated(control_plane) as node:
        assert (await node.secret("tls")).reveal() == "top secret"


async def test_a_failed_call_is_survived_and_counted(
    stub: StubControlPlane, control_plane: ControlPlane
) -> None:
    stub.script("/heartbeat", problem(500, "internal"))
    stub.script("/endpoint", problem(404, "node_not_found"))
    async with simulated(control_plane, Pace(heartbeat=1)) as node:
        await node.until(lambda: node.counters.failed_calls == 2 and node.counters.heartbeats > 0)

    assert isinstance(node.last_error, Refused)
    assert node.failure is None


@pytest.mark.parametrize("path", ["/heartbeat", "/events", "/endpoint"])
async def test_a_dead_credential_ends_the_node(
    stub: StubControlPlane, control_plane: ControlPlane, path: str
) -> None:
    """C35: a node that is turned out notices and stops asking."""
    stub.script(path, problem(401, "unauthorized"))
    async with simulated(control_plane) as node:
        failure = await node.until_ended()
        assert isinstance(failure, Unauthorized)
        assert not node.is_streaming
        with pytest.raises(Unauthorized):
            await node.until_sees("p")


async def test_an_enrolment_without_an_answer_is_repeated_word_for_word(
    stub: StubControlPlane, control_plane: ControlPlane
) -> None:
    stub.script("/register", problem(503, "overloaded", Retry_After="1"), problem(500, "internal"))
    async with simulated(control_plane):
        pass

    bodies = [each.body for each in stub.asked("/register")]
    assert len(bodies) == 3
    assert len(set(bodies)) == 1


@pytest.mark.parametrize("status", [400, 401, 409])
async def test_a_final_refusal_of_enrolment_is_not_repeated(
    stub: StubControlPlane, control_plane: ControlPlane, status: int
) -> None:
    stub.script("/register", problem(status, "token_invalid"))

    with pytest.raises(Refused):
        await simulated(control_plane).enrol()
    assert len(stub.asked("/register")) == 1


async def test_an_enrolment_is_given_up_when_patience_is_over(control_plane: ControlPlane) -> None:
    node = simulated(ControlPlane(_dead(control_plane)), Pace(enrolment_patience=0.5))

    with pytest.raises(Unreachable):
        await node.enrol()


def _dead(control_plane: ControlPlane) -> Any:
    class Dead:
        async def send(self, call: object) -> None:
            raise Unreachable("nobody there")

    return Dead()


async def test_a_registration_with_a_broken_key_admits_nobody(
    stub: StubControlPlane, control_plane: ControlPlane
) -> None:
    broken = {
        "node_id": "n",
        "mesh_ip": "",
        "signing_public_key": "",
        "node_secret_key": "",
        "node_token": "t",
    }
    stub.script("/register", web.json_response(broken, status=201))

    with pytest.raises(Unreadable):
        await simulated(control_plane).enrol()


async def test_deregistration_is_the_last_call_a_node_makes(
    stub: StubControlPlane, control_plane: ControlPlane
) -> None:
    async with simulated(control_plane, Pace(heartbeat=0.5)) as node:
        await node.until(lambda: node.counters.heartbeats >= 2)
        await node.deregister()
        await asyncio.sleep(0.03)

    assert stub.received[-1].path == f"/v1/nodes/{NODE}/deregister"


BINARY = b"\x7fELF" * 1000
CHECKSUM = f"sha256:{sha256(BINARY).hexdigest()}"
LINUX = {"os": "linux", "arch": "amd64"}


async def upgraded(
    stub: StubControlPlane, control_plane: ControlPlane, answer: web.Response, checksum: str = CHECKSUM
) -> tuple[dict[str, Any], str]:
    """Ask a node to upgrade itself; return what it reports, and what its next heartbeat says that it is."""
    stub.script("/1.5.0/linux/amd64", answer)
    old = Capabilities(binary=BinaryInfo("1.4.0", "sha256:01"))
    lively = replace(CALM, heartbeat=5)
    async with simulated(control_plane, lively, metadata=LINUX, capabilities=old) as node:
        stub.emit(
            NODE,
            "action_request",
            1,
            execution_id="e1",
            action="service.upgrade",
            timeout="30s",
            parameters={"version": "1.5.0", "checksum": checksum},
        )
        await stub.until_asked("/result")
        beats = len(stub.asked("/heartbeat"))
        await node.until(lambda: len(stub.asked("/heartbeat")) > beats + 1)
    return stub.asked("/result")[0].json, stub.asked("/heartbeat")[-1].json["binary_checksum"]


async def test_a_node_upgrades_to_the_binary_it_was_asked_to_and_says_what_it_is(
    stub: StubControlPlane, control_plane: ControlPlane
) -> None:
    result, told = await upgraded(stub, control_plane, web.Response(body=BINARY))

    assert (result["status"], result["exit_code"]) == ("success", 0)
    assert told == CHECKSUM
    [announced] = stub.asked("/capabilities")
    assert announced.json["binary"] == {"version": "1.5.0", "checksum": CHECKSUM}


@pytest.mark.parametrize(
    ("answer", "checksum"),
    [
        (web.Response(body=BINARY[:-1]), CHECKSUM),
        (web.Response(body=BINARY), "sha256:" + "0" * 64),
        (web.Response(body=BINARY), ""),
        (problem(503, "artifact_unavailable"), CHECKSUM),
        (problem(404, "release_not_found"), CHECKSUM),
    ],
)
async def test_a_node_stays_what_it_is_when_the_binary_is_not_the_one(
    stub: StubControlPlane, control_plane: ControlPlane, answer: web.Response, checksum: str
) -> None:
    result, told = await upgraded(stub, control_plane, answer, checksum)

    assert (result["status"], result["exit_code"]) == ("failure", 1)
    assert told == "sha256:01"
    assert stub.asked("/capabilities") == []


async def test_a_node_that_does_not_know_its_machine_simulates_its_upgrades(
    stub: StubControlPlane, control_plane: ControlPlane
) -> None:
    async with simulated(control_plane):
        stub.emit(NODE, "action_request", 1, execution_id="e1", action="service.upgrade")
        await stub.until_asked("/result")

    assert stub.asked("/result")[0].json["stdout"] == "simulated service.upgrade\n"
