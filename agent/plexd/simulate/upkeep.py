"""What a node does at intervals: signs of life and its endpoint."""

from plexd.node.demand import Demand
from plexd.protocol.durations import print_uptime
from plexd.protocol.instants import print_instant
from plexd.protocol.messages.heartbeat import Heartbeat, HeartbeatAnswer, MeshStatus, NatStatus
from plexd.protocol.messages.peers import EndpointReport
from plexd.simulate.member import Member

UNKNOWN_BINARY = "sha256:" + "0" * 64


async def beat(member: Member) -> tuple[Demand, ...]:
    """Give a sign of life; return what the control plane asks for in turn."""
    with member.attempt():
        started = member.timing.clock.monotonic()
        answer = await member.channel.heartbeat(_heartbeat(member))
        member.record_latency(member.timing.clock.monotonic() - started)
        member.counters.heartbeats += 1
        return _demands(answer)
    return ()


async def report_endpoint(member: Member) -> None:
    """Tell where the node is; learn where its peers are."""
    with member.attempt():
        told = await member.channel.report_endpoint(EndpointReport(member.endpoint, "full_cone"))
        member.knowledge.view.move(told.peer_endpoints)
        member.changed()


def _heartbeat(member: Member) -> Heartbeat:
    clock, binary = member.timing.clock, member.capabilities.binary
    return Heartbeat(
        node_id=member.node_id,
        timestamp=print_instant(clock.now()),
        status="healthy",
        uptime=print_uptime(clock.monotonic() - member.enrolled_at),
        binary_checksum=binary.checksum if binary else UNKNOWN_BINARY,
        mesh=MeshStatus("plexd0", len(member.knowledge.view.peers), 51820),
        nat=NatStatus(member.endpoint, "full_cone"),
    )


def _demands(answer: HeartbeatAnswer) -> tuple[Demand, ...]:
    reconcile = (Demand.RECONCILE,) if answer.reconcile else ()
    return (*reconcile, Demand.ROTATE_KEYS) if answer.rotate_keys else reconcile
