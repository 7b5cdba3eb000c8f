"""The operators' surface of nodes over the real gate, bridge and use cases, with stores in memory."""

import gzip
import json
from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

import httpx
import pytest

from plexsphere.api.app import CONTROLLERS
from plexsphere.api.operation import Operation
from plexsphere.api.v1.nodes import operations
from plexsphere.composition.bridges.nodes import NodesBridge
from plexsphere.composition.doorway import Doorways
from plexsphere.fleet.application.change_node import ChangeNode
from plexsphere.fleet.application.delete_node_metadata import DeleteNodeMetadata
from plexsphere.fleet.application.find_node import FindNode
from plexsphere.fleet.application.get_node_drift import GetNodeDrift
from plexsphere.fleet.application.get_node_reachability import GetNodeReachability
from plexsphere.fleet.application.get_topology import GetTopology
from plexsphere.fleet.application.list_nodes import ListNodes
from plexsphere.fleet.application.patch_node import PatchNode
from plexsphere.fleet.application.put_node_metadata import PutNodeMetadata
from plexsphere.fleet.application.remove_node import RemoveNode
from plexsphere.fleet.domain.drift import Correction, DriftReport
from plexsphere.fleet.domain.hostname import Hostname
from plexsphere.fleet.domain.node import Node, Reachability
from plexsphere.fleet.domain.public_key import PublicKey
from plexsphere.fleet.ports.admission import Admitted, AdmittedAgain, Credentials
from plexsphere.platform.kernel.ids import DomainId, NodeId, ProjectId
from plexsphere.platform.kernel.mesh_range import MeshRange
from plexsphere.platform.kernel.secret import Secret
from plexsphere.platform.kernel.subjects import domain_object, node_object, project_object
from tests.support.api import (
    ABSENT,
    ALICE,
    AS_A_NODE,
    AS_ROBOT,
    DOMAIN,
    OTHER_DOMAIN,
    ROBOT,
    Surface,
    code_of,
    surface,
)
from tests.support.fleet import (
    FleetStore,
    HeardErrands,
    HeardManifests,
    MemoryAnnouncements,
    MemoryTrail,
    a_node,
    memory_fleet,
)
from tests.support.fleet_sight import SPOKE, FollowedFleet, grouped
from tests.support.identity import EPOCH, FakeClock

WEB: Final = ProjectId(UUID("0190f3a0-0000-7000-8000-0000000000b1"))
DATA: Final = ProjectId(UUID("0190f3a0-0000-7000-8000-0000000000b2"))


def node_id(number: int) -> NodeId:
    return NodeId(UUID(int=(0x0190F3A0_0000_7000_8000 << 48) + number))


def a_web_node(number: int, domain_id: DomainId = DOMAIN, **changes: Any) -> Node:
    return a_node(number, domain_id, **{"id": node_id(number), "project_id": WEB, **changes})


ONE, TWO = grouped(
    [a_web_node(1, reachability=Reachability.HEALTHY, facts={"os": "linux"}), a_web_node(2)], "web"
)
OTHER = a_web_node(3, project_id=DATA)
FOREIGN = a_web_node(4, OTHER_DOMAIN)


class FakeAdmission:
    """Knows whose identity has ended; the rest is registration's."""

    def __init__(self) -> None:
        self.ended: list[NodeId] = []

    async def redeem(
        self, token: Secret[str], node: NodeId, key: PublicKey, hostname: Hostname, /
    ) -> Admitted | AdmittedAgain:
        raise NotImplementedError

    async def give(
        self, admitted: Admitted, node: NodeId, key: PublicKey, hostname: Hostname, /
    ) -> Credentials:
        raise NotImplementedError

    async def renew(self, domain: DomainId, node: NodeId, /) -> Credentials:
        raise NotImplementedError

    async def end(self, domain: DomainId, node: NodeId, /) -> None:
        self.ended.append(node)


class Scene:
    """Two Domains: one with three nodes in two Projects, one with another node."""

    def __init__(self) -> None:
        self.store = FleetStore(FakeClock())
        self.kit = memory_fleet(self.store)
        self.fleet = FollowedFleet(self.kit)
        self.trail = MemoryTrail(self.store)
        self.admission = FakeAdmission()
        self.surface: Surface = surface(nodes=self._bridge())

    def _bridge(self) -> NodesBridge:
        kit, fleet, announcements = self.kit, self.fleet, MemoryAnnouncements(self.store)
        change = ChangeNode(kit.unit_of_work, fleet.take_turn, kit.nodes, fleet.sight, announcements)
        return NodesBridge(
            unit_of_work=kit.unit_of_work,
            trail=self.trail,
            clock=self.store.clock,
            find_node=FindNode(kit.nodes),
            list_nodes=ListNodes(kit.nodes),
            patch_node=PatchNode(change),
            put_node_metadata=PutNodeMetadata(change),
            delete_node_metadata=DeleteNodeMetadata(change),
            remove_node=RemoveNode(
                kit.unit_of_work,
                fleet.take_turn,
                kit.nodes,
                self.admission,
                HeardManifests(),
                HeardErrands(),
                fleet.sight,
                announcements,
            ),
            get_node_drift=GetNodeDrift(kit.drift),
            get_topology=GetTopology(fleet.views, fleet.sight),
            get_node_reachability=GetNodeReachability(kit.silences),
            doorways=Doorways(),
        )

    async def call(self, method: str, path: str, **options: Any) -> httpx.Response:
        return await self.surface.call(method, path, **options)

    def done(self) -> list[tuple[str, DomainId | None, str]]:
        return [(entry.relation, entry.chain, str(entry.object)) for entry in self.trail.entries]

    async def stored(self, node: Node) -> Node:
        found = await self.kit.nodes.get(node.domain_id, node.id)
        assert found is not None
        return found


@pytest.fixture
async def scene() -> Scene:
    scene = Scene()
    for domain_id in (DOMAIN, OTHER_DOMAIN):
        await scene.kit.meshes.open(domain_id, MeshRange.parse("10.100.0.0/16"))
    await scene.fleet.join(ONE, TWO, OTHER, FOREIGN)
    return scene


def at(node: Node, rest: str = "") -> str:
    return f"/v1/nodes/{node.id}{rest}"


async def test_a_node_is_shown_with_everything_operators_may_know(scene: Scene) -> None:
    answer = await scene.call("GET", at(ONE))

    assert answer.json() == {
        "id": str(ONE.id),
        "name": "node-1",
        "domain_id": str(DOMAIN),
        "project_id": str(WEB),
        "kind": "node",
        "hostname": "node-1",
        "mesh_ip": "10.100.0.1",
        "public_key": str(ONE.public_key),
        "metadata": {"group": "web"},
        "facts": {"os": "linux"},
        "reachability": "healthy",
        "created_at": "2026-01-02T03:04:05Z",
    }


async def test_an_id_in_upper_case_is_the_same_id(scene: Scene) -> None:
    assert (await scene.call("GET", f"/v1/nodes/{str(ONE.id).upper()}")).json()["id"] == str(ONE.id)


async def test_a_stranger_cannot_tell_a_foreign_node_from_none(scene: Scene) -> None:
    """ReBAC comes before existence: both refusals are alike but for the request's own traits."""
    for method, rest, options in _calls():
        unknown = await scene.call(method, f"/v1/nodes/{ABSENT}{rest}", headers=AS_ROBOT, **options)
        foreign = await scene.call(method, at(ONE, rest), headers=AS_ROBOT, **options)

        assert (unknown.status_code, code_of(unknown)) == (403, "permission_denied"), (method, rest)
        assert _but_for_the_request(unknown.json()) == _but_for_the_request(foreign.json())
        assert dict(unknown.headers).keys() == dict(foreign.headers).keys()


async def test_every_denial_is_written_down_before_it_is_answered(scene: Scene) -> None:
    for method, rest, options in _calls():
        await scene.call(method, at(ONE, rest), headers=AS_ROBOT, **options)

    relations = [relation for _, relation, _, _ in scene.surface.denials.written]
    assert relations == [
        "node.read",
        "node.change",
        "node.remove",
        "node.metadata.put",
        "node.metadata.delete",
        "node.drift.read",
    ]
    assert {str(resource) for *_, resource in scene.surface.denials.written} == {str(project_object(WEB))}
    assert scene.done() == []


async def test_who_manages_everything_learns_that_there_is_no_such_node(scene: Scene) -> None:
    for method, rest, options in _calls():
        answer = await scene.call(method, f"/v1/nodes/{ABSENT}{rest}", **options)

        assert (answer.status_code, code_of(answer)) == (404, "node_not_found"), (method, rest)


async def test_a_denied_caller_is_denied_whatever_the_body(scene: Scene) -> None:
    for body in (b"{", b"x" * 100_000):
        answer = await scene.call("PATCH", at(ONE), headers=AS_ROBOT, content=body)

        assert answer.status_code == 403


async def test_reading_a_node_takes_its_project_and_changing_it_takes_more(scene: Scene) -> None:
    scene.surface.permissions.allow(ROBOT, "read", project_object(WEB))

    assert (await scene.call("GET", at(ONE), headers=AS_ROBOT)).status_code == 200
    assert (await scene.call("GET", at(ONE, "/drift"), headers=AS_ROBOT)).status_code == 200
    assert (await scene.call("GET", at(OTHER), headers=AS_ROBOT)).status_code == 403
    assert (await scene.call("DELETE", at(ONE), headers=AS_ROBOT)).status_code == 403
    assert (await scene.call("PATCH", at(ONE), headers=AS_ROBOT, json={"name": "x"})).status_code == 403


async def test_a_node_token_opens_no_operator_route(scene: Scene) -> None:
    for method, rest, options in _calls():
        assert (await scene.call(method, at(ONE, rest), headers=AS_A_NODE, **options)).status_code == 401


async def test_a_list_shows_the_rows_of_readable_projects_page_by_page(scene: Scene) -> None:
    scene.surface.permissions.allow(ROBOT, "read", project_object(WEB))

    first = (await scene.call("GET", "/v1/nodes?limit=3", headers=AS_ROBOT)).json()
    rest = (
        await scene.call("GET", f"/v1/nodes?limit=3&cursor={first['next_cursor']}", headers=AS_ROBOT)
    ).json()

    assert [item["id"] for item in first["items"]] == [str(ONE.id), str(TWO.id)]
    assert [item["id"] for item in rest["items"]] == [str(FOREIGN.id)]
    assert "next_cursor" not in rest
    assert set(first["items"][0]) >= {"id", "name", "domain_id", "kind", "created_at"}


async def test_a_list_of_one_domain_holds_its_nodes_alone(scene: Scene) -> None:
    answer = await scene.call("GET", f"/v1/nodes?domain_id={OTHER_DOMAIN}")

    assert [item["id"] for item in answer.json()["items"]] == [str(FOREIGN.id)]
    assert code_of(await scene.call("GET", "/v1/nodes?domain_id=x")) == "invalid_domain_filter"


async def test_a_cursor_of_one_filter_is_none_of_another(scene: Scene) -> None:
    page = (await scene.call("GET", f"/v1/nodes?limit=1&domain_id={DOMAIN}")).json()

    answer = await scene.call("GET", f"/v1/nodes?limit=1&cursor={page['next_cursor']}")

    assert code_of(answer) == "invalid_cursor"


async def test_a_stranger_learns_of_no_domain_whether_it_has_nodes_or_exists(scene: Scene) -> None:
    """A page for each hidden row would count the nodes of a foreign Domain."""
    refusals = [
        await scene.call("GET", f"/v1/nodes?limit={limit}&domain_id={domain_id}", headers=AS_ROBOT)
        for domain_id in (OTHER_DOMAIN, ABSENT)
        for limit in ("1", "x")
    ]

    for refusal in refusals:
        assert (refusal.status_code, code_of(refusal)) == (403, "permission_denied")
        assert _but_for_the_request(refusal.json()) == _but_for_the_request(refusals[0].json())
    assert [denied[1:] for denied in scene.surface.denials.written] == [
        ("node.list", "read", domain_object(domain_id))
        for domain_id in (OTHER_DOMAIN, OTHER_DOMAIN, ABSENT, ABSENT)
    ]


async def test_who_reads_a_domain_lists_its_nodes_as_far_as_he_reads_their_projects(scene: Scene) -> None:
    scene.surface.permissions.allow(ROBOT, "read", domain_object(DOMAIN))
    scene.surface.permissions.allow(ROBOT, "read", project_object(DATA))

    answer = await scene.call("GET", f"/v1/nodes?domain_id={DOMAIN}", headers=AS_ROBOT)

    assert [item["id"] for item in answer.json()["items"]] == [str(OTHER.id)]


async def test_a_list_without_a_readable_row_looks_like_one_without_rows(scene: Scene) -> None:
    answer = await scene.call("GET", "/v1/nodes", headers=AS_ROBOT)

    assert answer.json() == {"items": []}


async def test_a_patch_merges_and_is_audited_with_its_change(scene: Scene) -> None:
    answer = await scene.call(
        "PATCH", at(ONE), json={"name": "edge", "metadata": {"tier": "1", "group": None}}
    )

    assert answer.status_code == 200
    assert (answer.json()["name"], answer.json()["metadata"]) == ("edge", {"tier": "1"})
    assert (await scene.stored(ONE)).metadata == {"tier": "1"}
    assert scene.done() == [("node.change", DOMAIN, str(node_object(ONE.id)))]
    assert scene.trail.entries[0].subject == str(ALICE.subject)
    assert scene.trail.entries[0].correlation_id == answer.headers["x-correlation-id"]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "empty_patch"),
        ({"name": ""}, "invalid_node_name"),
        ({"name": "a\nb"}, "invalid_node_name"),
        ({"name": None}, "invalid_body"),
        ({"metadata": {"a b": "x"}}, "invalid_metadata"),
        ({"metadata": {"a": "x" * 256}}, "invalid_metadata"),
        ({"metadata": {"a": 1}}, "invalid_body"),
        ({"metadata": None}, "invalid_body"),
        ({"hostname": "x"}, "invalid_body"),
        ({"facts": {}}, "invalid_body"),
        ({"name": "a\x00"}, "invalid_body"),
        ([], "invalid_body"),
    ],
)
async def test_a_patch_that_breaks_a_rule_is_refused_by_name(scene: Scene, body: Any, code: str) -> None:
    answer = await scene.call("PATCH", at(ONE), json=body)

    assert (answer.status_code, code_of(answer)) == (400, code)
    assert await scene.stored(ONE) == ONE
    assert scene.done() == []


async def test_a_patch_is_bounded_also_once_inflated(scene: Scene) -> None:
    large = json.dumps({"name": "x" * 70_000}).encode()

    plain = await scene.call("PATCH", at(ONE), content=large)
    packed = await scene.call(
        "PATCH", at(ONE), content=gzip.compress(large), headers={"Content-Encoding": "gzip"}
    )

    assert (plain.status_code, packed.status_code) == (413, 413)
    assert code_of(packed) == "request_body_too_large"


@pytest.mark.parametrize("key", ["role", "topology.example.org/zone", "a//b", "a/", "a.b_c-d"])
async def test_a_key_with_slashes_is_that_very_key(scene: Scene, key: str) -> None:
    answer = await scene.call("PUT", at(ONE, f"/metadata/{key}"), json={"value": "x"})

    assert answer.json()["metadata"] == {"group": "web", key: "x"}
    percent_encoded = key.replace("/", "%2F")
    assert (await scene.call("DELETE", at(ONE, f"/metadata/{percent_encoded}"))).status_code == 204
    assert (await scene.stored(ONE)).metadata == {"group": "web"}
    assert [relation for relation, *_ in scene.done()] == ["node.metadata.put", "node.metadata.delete"]


async def test_a_missing_key_is_not_found_and_a_bad_one_is_refused(scene: Scene) -> None:
    missing = await scene.call("DELETE", at(ONE, "/metadata/absent"))
    bad = await scene.call("PUT", at(ONE, "/metadata/a%20b"), json={"value": "x"})
    broken = await scene.call("PUT", at(ONE, "/metadata/%ff%00"), json={"value": "x"})
    none = await scene.call("PUT", at(ONE, "/metadata/"), json={"value": "x"})

    assert (missing.status_code, code_of(missing)) == (404, "metadata_key_not_found")
    assert (bad.status_code, code_of(bad)) == (400, "invalid_metadata")
    assert (broken.status_code, code_of(broken)) == (400, "invalid_metadata")
    assert (none.status_code, code_of(none)) == (404, "route_not_found")
    assert scene.done() == []


async def test_a_removed_node_is_gone_with_its_identity_and_audited(scene: Scene) -> None:
    answer = await scene.call("DELETE", at(ONE))

    assert (answer.status_code, answer.content) == (204, b"")
    assert scene.admission.ended == [ONE.id]
    assert await scene.kit.nodes.find(ONE.id) is None
    assert scene.done() == [("node.remove", DOMAIN, str(node_object(ONE.id)))]
    assert {row.reason for row in scene.store.state.announced if row.reason} == {"force_removed"}
    assert code_of(await scene.call("DELETE", at(ONE))) == "node_not_found"


async def test_a_removal_that_takes_most_of_the_mesh_asks_first(scene: Scene) -> None:
    spokes = (a_web_node(number, metadata={SPOKE: ""}) for number in range(100, 200))
    [hub] = grouped([a_web_node(50)], "star")
    await scene.fleet.join(hub, *grouped(spokes, "star"))

    asked = await scene.call("DELETE", at(hub))
    unclear = await scene.call("DELETE", at(hub, "?confirm=yes"))
    confirmed = await scene.call("DELETE", at(hub, "?confirm=true"))

    assert (asked.status_code, code_of(asked)) == (409, "confirmation_required")
    assert (unclear.status_code, code_of(unclear)) == (400, "invalid_parameter")
    assert confirmed.status_code == 204
    assert scene.done() == [("node.remove", DOMAIN, str(node_object(hub.id)))]


async def test_drift_is_shown_newest_first(scene: Scene) -> None:
    for number in (1, 2):
        report = DriftReport(node_id(number), EPOCH, (Correction("peer_added", f"peer {number}"),))
        await scene.kit.drift.add(DOMAIN, ONE.id, report)

    answer = await scene.call("GET", at(ONE, "/drift"))

    assert answer.json() == {
        "items": [
            {
                "id": str(node_id(number)),
                "reported_at": "2026-01-02T03:04:05Z",
                "corrections": [{"type": "peer_added", "detail": f"peer {number}"}],
            }
            for number in (2, 1)
        ]
    }


async def test_the_topology_shows_nodes_and_directed_edges(scene: Scene) -> None:
    answer = await scene.call("GET", f"/v1/domains/{DOMAIN}/mesh/topology")

    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == {
        "domain_id": str(DOMAIN),
        "generated_at": "2026-01-02T03:04:05Z",
        "edges_truncated": False,
        "nodes": [
            {"node_id": str(node.id), "mesh_ip": str(node.mesh_ip), "reachability": node.reachability.value}
            for node in (ONE, TWO, OTHER)
        ],
        "edges": [
            {
                "source_node_id": str(source.id),
                "target_node_id": str(target.id),
                "mode": "direct",
                "relay_node_id": "00000000-0000-0000-0000-000000000000",
                "status": "never_reported",
            }
            for source, target in ((ONE, TWO), (TWO, ONE))
        ],
    }


async def test_an_empty_mesh_has_an_empty_topology(scene: Scene) -> None:
    await scene.call("DELETE", at(FOREIGN))
    await scene.fleet.views.catch_up(OTHER_DOMAIN, 0)

    answer = (await scene.call("GET", f"/v1/domains/{OTHER_DOMAIN}/mesh/topology")).json()

    assert (answer["nodes"], answer["edges"]) == ([], [])


async def test_the_topology_takes_reading_the_domain(scene: Scene) -> None:
    path = f"/v1/domains/{DOMAIN}/mesh/topology"
    assert code_of(await scene.call("GET", path, headers=AS_ROBOT)) == "permission_denied"

    scene.surface.permissions.allow(ROBOT, "read", domain_object(DOMAIN))

    assert (await scene.call("GET", path, headers=AS_ROBOT)).status_code == 200
    assert code_of(await scene.call("GET", f"/v1/domains/{ABSENT}/mesh/topology")) == "domain_not_found"


def test_every_operation_of_the_surface_is_routed() -> None:
    routed = {
        handler.opt["operation"].id
        for controller in CONTROLLERS
        for handler in vars(controller).values()
        if hasattr(handler, "opt") and "operation" in handler.opt
    }

    assert routed >= {each.id for each in vars(operations).values() if isinstance(each, Operation)}


def _calls() -> list[tuple[str, str, dict[str, Any]]]:
    return [
        ("GET", "", {}),
        ("PATCH", "", {"json": {"name": "x"}}),
        ("DELETE", "", {}),
        ("PUT", "/metadata/role", {"json": {"value": "x"}}),
        ("DELETE", "/metadata/role", {}),
        ("GET", "/drift", {}),
    ]


def _but_for_the_request(body: Mapping[str, Any]) -> dict[str, Any]:
    return {key: body[key] for key in body if key not in ("instance", "correlation_id")}
