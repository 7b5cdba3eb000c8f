"""A machine becomes a node whole or not at all (design D10, D15)."""

import json
from base64 import b64encode
from itertools import count
from uuid import UUID

import pytest

from plexsphere.fleet.application import crowd_watch
from plexsphere.fleet.application.crowd_watch import CrowdWatch
from plexsphere.fleet.application.register_node import Enrolment, Registered, RegisterNode
from plexsphere.fleet.domain.errors import (
    AddressPoolExhausted,
    FleetError,
    HostnameTaken,
    InvalidHostname,
    InvalidMetadata,
    InvalidPublicKey,
    PublicKeyTaken,
    TokenInvalid,
)
from plexsphere.fleet.domain.node_state import SigningKeys
from plexsphere.platform.kernel.events import EventType
from plexsphere.platform.kernel.mesh_range import MeshRange
from plexsphere.platform.kernel.secret import Secret
from tests.support.fleet import DOMAIN, FleetStore, HeardManifests, MemoryAnnouncements, memory_fleet
from tests.support.fleet_admission import GuardedUnitOfWork, MemoryAdmission
from tests.support.fleet_sight import GROUP, FollowedFleet
from tests.support.identity import FakeClock

TOKENS = ["first", "second", "third"]


class FakeSigner:
    """Signs nothing here; its key is known."""

    def sign(self, octets: bytes, /) -> bytes:
        raise NotImplementedError

    def keys(self) -> SigningKeys:
        return SigningKeys("the signing key")


class Scene:
    """A Domain whose door has three good tokens; all nodes see each other."""

    def __init__(self) -> None:
        self.store = FleetStore(FakeClock())
        self.kit = memory_fleet(self.store)
        self.fleet = FollowedFleet(self.kit)
        self.admission = MemoryAdmission(*TOKENS, labels={GROUP: "all"})
        self.unit_of_work = GuardedUnitOfWork(self.store, self.admission)
        self._ids = count(1)
        self.register = RegisterNode(
            unit_of_work=self.unit_of_work,
            admission=self.admission,
            take_turn=self.fleet.take_turn,
            meshes=self.kit.meshes,
            nodes=self.kit.nodes,
            capabilities=self.kit.capabilities,
            manifests=HeardManifests(),
            views=self.fleet.views,
            sight=self.fleet.sight,
            signer=FakeSigner(),
            announcements=MemoryAnnouncements(self.store),
            crowds=CrowdWatch(self.store.clock),
            clock=self.store.clock,
            mint_id=lambda: UUID(int=next(self._ids)),
        )

    async def enrol(self, number: int, token: str, **changes: str) -> Registered:
        wish = {"public_key": key(number), "hostname": f"Web-{number}", **changes}
        return await self.register(
            Enrolment(Secret(token), wish["public_key"], wish["hostname"], {"os": "linux"})
        )

    async def refused(self, error: type[FleetError], number: int, token: str, **changes: str) -> None:
        """Be refused, and find everything as it was."""
        before, spent = self.store.state.copy(), dict(self.admission.door.admitted)
        with pytest.raises(error):
            await self.enrol(number, token, **changes)

        assert self.store.state == before
        assert self.admission.door.admitted == spent


def key(number: int) -> str:
    return b64encode(bytes([number, 7]) + bytes(30)).decode()


@pytest.fixture
async def scene() -> Scene:
    scene = Scene()
    await scene.kit.meshes.open(DOMAIN, MeshRange.parse("10.100.0.0/16"))
    return scene


async def test_a_machine_gets_an_address_credentials_and_the_labels_of_its_token(scene: Scene) -> None:
    """D16: what it says of itself is kept apart and never becomes a label."""
    registered = await scene.enrol(1, "first")

    node = await scene.kit.nodes.get(DOMAIN, registered.node.id)
    assert node is not None
    assert (node.hostname, node.name, str(node.mesh_ip)) == ("web-1", "web-1", "10.100.0.1")
    assert (node.metadata, node.facts) == ({GROUP: "all"}, {"os": "linux"})
    assert registered.is_first
    assert registered.credentials.node_token.reveal() == "token 1"
    assert registered.signing_public_key == "the signing key"
    assert json.loads(registered.peers.reveal()) == []


async def test_it_is_told_its_peers_with_the_keys_of_their_pairs(scene: Scene) -> None:
    first = await scene.enrol(1, "first")
    second = await scene.enrol(2, "second")

    [peer] = json.loads(second.peers.reveal())
    view = await scene.fleet.views.of(DOMAIN)
    await scene.fleet.views.catch_up(DOMAIN, 0)
    told_to_the_first = json.loads("{" + str(view.peer(first.node.id, second.node.id)))
    assert peer["id"] == str(first.node.id)
    assert peer["psk"] == told_to_the_first["psk"]


async def test_its_arrival_is_told_to_whoever_may_see_it(scene: Scene) -> None:
    registered = await scene.enrol(1, "first")

    row = scene.store.state.announced[0]
    assert (row.subject, row.recipients) == (registered.node.id, None)
    assert row.frames[0].event_type is EventType.PEER_ADDED


async def test_what_it_can_do_may_come_with_the_registration(scene: Scene) -> None:
    enrolment = Enrolment(Secret("first"), key(1), "web-1", {}, b'{"hooks":[]}')

    registered = await scene.register(enrolment)

    assert scene.store.state.manifests == {registered.node.id: b'{"hooks":[]}'}


@pytest.mark.parametrize(
    ("error", "changes"),
    [
        (InvalidPublicKey, {"public_key": "x"}),
        (InvalidPublicKey, {"public_key": b64encode(bytes(32)).decode()}),
        (InvalidHostname, {"hostname": "web_1"}),
    ],
)
async def test_what_is_malformed_is_refused_before_the_token_is_looked_at(
    scene: Scene, error: type[FleetError], changes: dict[str, str]
) -> None:
    """C03, M10."""
    await scene.refused(error, 1, "first", **changes)

    assert scene.admission.asked == []
    assert (await scene.enrol(1, "first")).is_first


async def test_facts_that_break_their_rules_are_refused_before_the_token_is_looked_at(scene: Scene) -> None:
    with pytest.raises(InvalidMetadata):
        await scene.register(Enrolment(Secret("first"), key(1), "web-1", {"os": "a\nb"}))

    assert scene.admission.asked == []


async def test_a_refusal_leaves_the_token_to_the_next_machine(scene: Scene) -> None:
    """C03: 409 does not burn a token, whatever of the enrolment was done already."""
    await scene.enrol(1, "first")

    await scene.refused(HostnameTaken, 2, "second", hostname="WEB-1")
    await scene.refused(PublicKeyTaken, 2, "second", public_key=key(1))

    assert (await scene.enrol(2, "second")).is_first


async def test_a_full_mesh_refuses_and_leaves_the_token(scene: Scene) -> None:
    """H29."""
    await scene.kit.meshes.open(DOMAIN, MeshRange.parse("10.100.0.0/29"))
    for number in range(1, 7):
        scene.admission.door.good |= {f"token {number}"}
        await scene.enrol(number, f"token {number}")

    await scene.refused(AddressPoolExhausted, 7, "first")


async def test_a_worthless_token_admits_nobody(scene: Scene) -> None:
    await scene.refused(TokenInvalid, 1, "unknown")


async def test_a_spent_token_admits_no_other_machine(scene: Scene) -> None:
    await scene.enrol(1, "first")

    await scene.refused(TokenInvalid, 2, "first")


async def test_the_same_machine_is_the_same_node_with_new_credentials_and_nobody_is_told_again(
    scene: Scene,
) -> None:
    """D10: a lost answer."""
    lost = await scene.enrol(1, "first")
    await scene.enrol(2, "second")
    told = list(scene.store.state.announced)

    again = await scene.enrol(1, "first")

    assert again.node == lost.node
    assert not again.is_first
    assert again.credentials.node_token.reveal() == "token 2"
    assert [peer["mesh_ip"] for peer in json.loads(again.peers.reveal())] == ["10.100.0.2"]
    assert scene.store.state.announced == told


async def test_more_peers_than_are_supported_are_a_warning_and_no_refusal(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """D14: with a shape of no peer at all, the second node is beyond it."""
    monkeypatch.setattr(crowd_watch, "MOST_PEERS", 0)
    await scene.enrol(1, "first")

    second = await scene.enrol(2, "second")

    assert len(json.loads(second.peers.reveal())) == 1
    assert [record.getMessage() for record in caplog.records] == [
        f"node {second.node.id} of Domain {DOMAIN} sees 1 peers; up to 0 are supported"
    ]
