"""ListHooks from the HTTP surface to a listing in memory, each row of its documents (hooks-http-api.md)."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from plexsphere.api.callers import AuthorizationAway, Caller
from plexsphere.api.gate import Gate
from plexsphere.composition.bridges.denials import RecordedDenials
from plexsphere.composition.bridges.hooks import AUTHZ_ERRORS, HooksBridge
from plexsphere.platform.cursors import LONGEST_CURSOR, SealedCursors
from plexsphere.platform.kernel.audit import AuditEntry, Outcome
from plexsphere.platform.kernel.ids import DomainId, NodeId, ProjectId
from plexsphere.platform.kernel.secret import Secret
from plexsphere.platform.kernel.subjects import PLATFORM_OBJECT, Reference, domain_object
from plexsphere.platform.kernel.unit_of_work import StoreUnavailable
from plexsphere.policy.application.hooks.list_hooks import ListHooks
from plexsphere.policy.domain.hooks.discovered_hook import DiscoveredHook
from tests.support.api import (
    ALICE,
    AS_A_NODE,
    AS_ROBOT,
    DOMAIN,
    OTHER_DOMAIN,
    PROJECT,
    ROBOT,
    FakeOperators,
    FakePermissions,
    Surface,
    code_of,
    roomy_limits,
    surface,
)
from tests.support.discovered_hooks import MemoryDiscoveredHooks
from tests.support.fleet import FleetStore, FleetUnitOfWork, MemoryTrail
from tests.support.identity import FakeClock

HOOKS: Final = "/v1/hooks"
RELATION: Final = "discovered_hook.list"
OTHER_PROJECT: Final = ProjectId(UUID("0190f3a0-0000-7000-8000-0000000000b2"))
QUICK: Final = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

FOUND: Final = st.lists(st.tuples(st.integers(1, 9), st.sampled_from("abcd")), max_size=12)

Answers = Callable[[Sequence[Reference]], Sequence[bool | None]]


@dataclass
class Reads:
    """Keeps what was noted; can be made to fail."""

    entries: list[AuditEntry] = field(default_factory=list)
    failure: Exception | None = None

    def note(self, entry: AuditEntry, /) -> None:
        if self.failure:
            raise self.failure
        self.entries.append(entry)


class RowPermissions(FakePermissions):
    """Decides rows as it is told to, and remembers what it was asked for each page."""

    answers: Answers | None = None

    def __init__(self) -> None:
        super().__init__()
        self.pages: list[list[Reference]] = []

    async def decide_each(  # type: ignore[override]
        self, caller: Caller, permission: str, resources: Sequence[Reference], /
    ) -> Sequence[bool | None]:
        assert permission == "read"
        self.pages.append(list(resources))
        if self.answers:
            return self.answers(resources)
        return [(await self.decide(caller, permission, each)).allowed for each in resources]


class BrokenCursors(SealedCursors):
    """Mints nothing."""

    def encode(self, caller: str, listing: str, position: str) -> str:
        raise ValueError(f"no cursor for {position}")


async def _platforms(_: Reference, /) -> None:
    return None


class Stage:
    """The application, and whichever scene is on: assembling one takes longer than a test."""

    def __init__(self, **services: Any) -> None:
        self.scene: Scene
        gate = Gate(FakeOperators(), OnStage(self, "permissions"), OnStage(self, "denials"), roomy_limits())
        self.surface = surface(**{"gate": gate, "hooks": OnStage(self, "bridge"), **services})

    def begin(self) -> "Scene":
        """Start with an empty listing."""
        self.scene = Scene(self.surface)
        return self.scene


class OnStage:
    """One part of the scene that is on."""

    def __init__(self, stage: Stage, part: str) -> None:
        self._stage, self._part = stage, part

    def __getattr__(self, name: str) -> Any:
        return getattr(getattr(self._stage.scene, self._part), name)


class Scene:
    """The surface over a listing in memory, with the trail of denials as it is in a process."""

    def __init__(self, built: Surface) -> None:
        store = FleetStore(FakeClock())
        self.surface, self.trail = built, MemoryTrail(store)
        self.denials = RecordedDenials(FleetUnitOfWork(store), self.trail, store.clock, _platforms)
        self.permissions, self.store, self.reads = RowPermissions(), MemoryDiscoveredHooks(), Reads()
        self.bridge = HooksBridge(ListHooks(self.store), self.reads)

    async def list(self, query: str = "", **options: Any) -> httpx.Response:
        return await self.surface.call("GET", f"{HOOKS}{query}", **options)

    def add(
        self,
        number: int,
        name: str = "backup",
        domain: DomainId = DOMAIN,
        project: ProjectId = ProjectId(PROJECT),  # noqa: B008  # an id never changes
        *,
        match: bool = True,
    ) -> None:
        self.store.add(domain, project, node(number), DiscoveredHook(name, digest(number), match))

    def fill(self) -> None:
        """Let there be six hooks on two nodes of each of two Domains."""
        for number in range(1, 5):
            self.add(number, "b", DOMAIN if number < 3 else OTHER_DOMAIN)
            self.add(number, "a", DOMAIN if number < 3 else OTHER_DOMAIN)

    def noted(self) -> dict[str, int | str]:
        [entry] = self.reads.entries
        assert (entry.relation, entry.object, entry.outcome, entry.chain) == (
            RELATION,
            PLATFORM_OBJECT,
            Outcome.GRANTED,
            None,
        )
        return dict(entry.caveat_context)


def node(number: int) -> NodeId:
    return NodeId(UUID(int=0x0190_F3A0_0000_7000_8000_0000_0000_0000 + number))


def digest(number: int) -> str:
    return f"sha256:{number:064x}"


def shown(answer: httpx.Response) -> list[tuple[str, str]]:
    assert answer.status_code == 200, answer.text
    return [(each["node_id"], each["name"]) for each in answer.json()["items"]]


@pytest.fixture(scope="module")
def stage() -> Stage:
    return Stage()


@pytest.fixture
def scene(stage: Stage) -> Scene:
    return stage.begin()


async def walked(scene: Scene, query: str, limit: int, **options: Any) -> list[tuple[str, str]]:
    """Follow `next_cursor` to the end; every page but the last hands one, whatever it shows."""
    found: list[tuple[str, str]] = []
    cursor = ""
    for _ in range(50):
        answer = await scene.list(f"?limit={limit}{query}{cursor}", **options)
        found += shown(answer)
        if "next_cursor" not in answer.json():
            return found
        cursor = f"&cursor={answer.json()['next_cursor']}"
    raise AssertionError("the listing never ends")


async def test_a_row_has_the_documented_fields_and_no_others(scene: Scene) -> None:
    scene.add(1, match=False)

    answer = await scene.list()

    assert answer.json() == {
        "items": [
            {
                "node_id": str(node(1)),
                "domain_id": str(DOMAIN),
                "name": "backup",
                "image_digest": digest(1),
                "image_digest_match": False,
            }
        ]
    }


async def test_pages_follow_each_other_by_node_and_name(scene: Scene) -> None:
    scene.fill()

    assert await walked(scene, "", 3) == [(str(node(n)), name) for n in range(1, 5) for name in "ab"]


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("", 50),
        ("?limit=", 50),
        ("?limit=-1", 1),
        ("?limit=0", 1),
        ("?limit=-0", 1),
        ("?limit=1", 1),
        ("?limit=007", 7),
        ("?limit=199", 199),
        ("?limit=200", 200),
        ("?limit=201", 200),
        (f"?limit={10**20}", 200),
        (f"?limit={'9' * 6000}", 200),
        (f"?limit=-{'9' * 6000}", 1),
    ],
)
async def test_a_limit_is_brought_into_range_and_never_refused_for_its_size(
    scene: Scene, text: str, rows: int
) -> None:
    """H42: the default is 50, the range 1 to 200."""
    for number in range(205):
        scene.add(number)

    assert len(shown(await scene.list(text))) == rows


@pytest.mark.parametrize(
    "text",
    [
        "?limit=abc",
        "?limit=1.0",
        "?limit=1e2",
        "?limit=-",
        "?limit=--1",
        "?limit=%2B5",
        "?limit=%205",
        "?limit=1_0",
        "?limit=0x10",
        "?limit=%D9%A1",
        "?limit=5&limit=5",
        "?limit=true",
    ],
)
async def test_a_limit_that_is_no_whole_number_or_comes_twice_is_an_invalid_parameter(
    scene: Scene, text: str
) -> None:
    """H42: one defined answer."""
    answer = await scene.list(text)

    assert (answer.status_code, code_of(answer)) == (400, "invalid_parameter")
    assert scene.store.asked == 0


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("", {1, 2, 3}),
        (f"?domain_id={DOMAIN}", {1, 2}),
        (f"?domain_id={str(DOMAIN).upper()}", {1, 2}),
        (f"?project_id={OTHER_PROJECT}", {2}),
        ("?image_digest_match=true", {1, 3}),
        ("?image_digest_match=false", {2}),
        ("?image_digest_match=", {1, 2, 3}),
        (f"?domain_id={OTHER_DOMAIN}&image_digest_match=false", set()),
    ],
)
async def test_a_filter_narrows_along_its_axis_and_its_absence_widens(
    scene: Scene, query: str, numbers: set[int]
) -> None:
    scene.add(1)
    scene.add(2, project=OTHER_PROJECT, match=False)
    scene.add(3, domain=OTHER_DOMAIN)

    assert {name for name, _ in shown(await scene.list(query))} == {str(node(each)) for each in numbers}


@pytest.mark.parametrize(
    "query",
    ["?domain_id=x", f"?project_id={{{PROJECT}}}", "?image_digest_match=1", "?image_digest_match=True"],
)
async def test_a_filter_of_the_wrong_type_is_an_invalid_parameter(scene: Scene, query: str) -> None:
    answer = await scene.list(query)

    assert (answer.status_code, code_of(answer)) == (400, "invalid_parameter")
    assert (scene.store.asked, scene.reads.entries) == (0, [])


@pytest.mark.parametrize("headers", [{"Authorization": ""}, {"Authorization": "Bearer x"}, AS_A_NODE])
async def test_nobody_without_a_resolved_principal_comes_in(scene: Scene, headers: dict[str, str]) -> None:
    answer = await scene.list(headers=headers)

    assert (answer.status_code, code_of(answer)) == (401, "unauthenticated")
    assert (scene.reads.entries, scene.trail.entries) == ([], [])


async def test_a_surface_that_is_not_wired_says_so_to_who_is_known_and_audits_nothing() -> None:
    scene = Stage(hooks=None).begin()
    scene.permissions.away = True

    answer = await scene.list("?cursor=x")

    assert (answer.status_code, code_of(answer)) == (501, "hooks_not_provisioned")
    assert (scene.reads.entries, scene.trail.entries) == ([], [])
    assert (await scene.list(headers={"Authorization": "Bearer x"})).status_code == 401


async def test_who_may_not_read_the_platform_learns_nothing_and_is_written_down_first(scene: Scene) -> None:
    """The gate stands before the listing, the cursor and the filters."""
    scene.fill()
    scene.permissions.allow(ROBOT, "read", domain_object(DOMAIN))

    answer = await scene.list("?cursor=broken&limit=abc", headers=AS_ROBOT)

    assert answer.status_code == 403
    assert (answer.json()["code"], answer.json()["reason"]) == ("permission_denied", "insufficient_relation")
    assert (scene.store.asked, scene.reads.entries) == (0, [])
    [entry] = scene.trail.entries
    assert (entry.relation, entry.object, entry.outcome) == (
        RELATION,
        PLATFORM_OBJECT,
        Outcome.PERMISSION_DENIED,
    )
    assert entry.subject == str(ROBOT.subject)
    assert dict(entry.caveat_context) == {"missing_relation": "platform#read"}


async def test_while_nobody_can_tell_who_may_come_in_nobody_does(scene: Scene) -> None:
    scene.fill()
    scene.permissions.away = True

    answer = await scene.list()

    assert (answer.status_code, code_of(answer)) == (503, "authz_unavailable")
    assert int(answer.headers["retry-after"]) >= 1
    assert (scene.store.asked, scene.reads.entries) == (0, [])


async def test_rows_of_domains_that_the_caller_cannot_read_are_dropped_silently(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    scene.fill()
    scene.permissions.allow(ROBOT, "read", PLATFORM_OBJECT)
    scene.permissions.allow(ROBOT, "read", domain_object(OTHER_DOMAIN))

    with caplog.at_level(logging.WARNING):
        answer = await scene.list(headers=AS_ROBOT)

    assert {name for name, _ in shown(answer)} == {str(node(3)), str(node(4))}
    assert scene.noted() == {"count": 4, "persistence_count": 8}
    assert (scene.trail.entries, caplog.records) == ([], [])


async def test_a_page_asks_once_about_each_of_its_domains(scene: Scene) -> None:
    scene.fill()

    await scene.list()

    assert scene.permissions.pages == [[domain_object(DOMAIN), domain_object(OTHER_DOMAIN)]]


async def test_a_page_without_rows_asks_nobody(scene: Scene) -> None:
    assert shown(await scene.list()) == []
    assert scene.permissions.pages == []
    assert scene.noted() == {"count": 0}


async def test_a_fully_filtered_page_still_hands_a_cursor(scene: Scene) -> None:
    scene.fill()
    scene.permissions.allow(ROBOT, "read", PLATFORM_OBJECT)
    scene.permissions.allow(ROBOT, "read", domain_object(OTHER_DOMAIN))

    first = await scene.list("?limit=2", headers=AS_ROBOT)

    assert shown(first) == []
    assert first.json()["next_cursor"]
    assert scene.noted() == {"count": 0, "persistence_count": 2}
    assert len(await walked(scene, "", 2, headers=AS_ROBOT)) == 4


async def test_the_last_page_has_no_cursor_even_when_it_is_full(scene: Scene) -> None:
    scene.add(1)
    scene.add(2)

    assert "next_cursor" not in (await scene.list("?limit=2")).json()


async def test_a_page_of_which_everything_is_shown_notes_its_count_alone(scene: Scene) -> None:
    scene.fill()

    await scene.list()

    assert scene.noted() == {"count": 8}
    assert scene.reads.entries[0].subject == str(ALICE.subject)
    assert scene.reads.entries[0].correlation_id


def away(_: Sequence[Reference]) -> Sequence[bool | None]:
    raise AuthorizationAway


def broken(_: Sequence[Reference]) -> Sequence[bool | None]:
    raise StoreUnavailable


def drifted(_: Sequence[Reference]) -> Sequence[bool | None]:
    raise KeyError("domain")


@pytest.mark.parametrize(
    "fault", [away, broken, drifted, lambda asked: [], lambda asked: [None] * len(asked)]
)
async def test_an_authorizer_that_fails_lets_no_row_through_and_is_counted(
    scene: Scene, fault: Answers, caplog: pytest.LogCaptureFixture
) -> None:
    """H49: whatever breaks between the gate and the rows, the page is answered without them."""
    scene.fill()
    scene.permissions.answers = fault

    with caplog.at_level(logging.WARNING):
        answer = await scene.list("?limit=3")

    assert shown(answer) == []
    assert answer.json()["next_cursor"]
    assert scene.noted() == {"count": 0, "persistence_count": 3, AUTHZ_ERRORS: 3}
    assert [record.levelname for record in caplog.records if record.name == "plexsphere.hooks"] == ["WARNING"]


@pytest.mark.parametrize(
    ("answers", "count", "errors"),
    [
        (lambda asked: [True], 4, 4),
        (lambda asked: [None, True], 4, 4),
        (lambda asked: [False, None], 0, 4),
        (lambda asked: [False], 0, 4),
        (lambda asked: [False, True, True, True], 4, 0),
    ],
)
async def test_each_row_is_shown_by_a_plain_yes_alone(
    scene: Scene, answers: Answers, count: int, errors: int
) -> None:
    """H49: a short answer counts as a denial, one that is left open as well; one that is too long says nothing more."""
    scene.fill()
    scene.permissions.answers = answers

    rows = shown(await scene.list())

    assert len(rows) == count
    assert scene.noted().get(AUTHZ_ERRORS, 0) == errors
    assert scene.noted()["persistence_count"] == 8


@QUICK
@given(
    st.lists(st.sampled_from([True, False, None]), max_size=6),
    st.sampled_from([None, AuthorizationAway, StoreUnavailable, ValueError]),
)
async def test_no_answer_and_no_failure_shows_a_row_that_was_not_granted(
    scene: Scene, answers: list[bool | None], failure: type[Exception] | None
) -> None:
    """H49: over whatever an authorizer may answer."""
    scene.fill()

    def answer(_: Sequence[Reference]) -> Sequence[bool | None]:
        if failure:
            raise failure
        return answers

    scene.permissions.answers = answer
    allowed = {
        str(domain)
        for domain, granted in zip((DOMAIN, OTHER_DOMAIN), answers, strict=False)
        if granted is True and not failure
    }

    page = await scene.list()

    assert page.status_code == 200
    assert {each["domain_id"] for each in page.json()["items"]} == allowed


async def test_a_trail_that_fails_costs_the_caller_nothing(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    """H48: the breadcrumb is for operators."""
    scene.fill()
    scene.reads.failure = RuntimeError("the sink is full of secrets")

    with caplog.at_level(logging.WARNING):
        answer = await scene.list()

    assert len(shown(answer)) == 8
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "secrets" not in caplog.text


async def test_a_listing_that_fails_is_internal_and_tells_nothing_of_why(scene: Scene) -> None:
    scene.store.failure = RuntimeError("relation discovered_hooks does not exist")

    answer = await scene.list()

    assert (answer.status_code, code_of(answer)) == (500, "internal")
    assert "discovered_hooks" not in answer.text
    assert (scene.reads.entries, scene.trail.entries) == ([], [])


async def test_a_cursor_that_cannot_be_minted_is_internal_and_the_page_was_never_listed() -> None:
    scene = Stage(cursors=BrokenCursors(Secret(bytes(32)))).begin()
    scene.fill()

    answer = await scene.list("?limit=1")

    assert (answer.status_code, code_of(answer)) == (500, "internal")
    assert (str(node(1)) in answer.text, scene.reads.entries) == (False, [])


async def next_cursor(scene: Scene, query: str = "", **options: Any) -> str:
    answer = await scene.list(f"?limit=1{query}", **options)
    return str(answer.json()["next_cursor"])


async def test_a_cursor_of_another_caller_is_refused_and_audits_nothing(scene: Scene) -> None:
    """H41: 403, and a Problem, not the schema of denials."""
    scene.fill()
    scene.permissions.allow(ROBOT, "read", PLATFORM_OBJECT)
    cursor = await next_cursor(scene)
    scene.reads.entries.clear()

    answer = await scene.list(f"?cursor={cursor}", headers=AS_ROBOT)

    assert (answer.status_code, code_of(answer)) == (403, "cursor_binding_mismatch")
    assert "reason" not in answer.json()
    assert (scene.reads.entries, scene.trail.entries) == ([], [])


@pytest.mark.parametrize(
    "query",
    [
        f"&domain_id={DOMAIN}",
        f"&project_id={PROJECT}",
        "&image_digest_match=true",
        "&image_digest_match=false",
    ],
)
async def test_a_cursor_continues_only_the_listing_that_minted_it(scene: Scene, query: str) -> None:
    """H41: it is bound to the filters, either way."""
    scene.fill()
    plain, narrow = await next_cursor(scene), await next_cursor(scene, "&image_digest_match=true")

    answer = await scene.list(f"?limit=1{query}&cursor={plain}")
    back = await scene.list(f"?limit=1&cursor={narrow}")

    assert (answer.status_code, code_of(answer)) == (400, "invalid_cursor")
    assert (back.status_code, code_of(back)) == (400, "invalid_cursor")


async def test_a_cursor_of_another_list_or_key_or_a_megabyte_long_is_none(scene: Scene) -> None:
    """H41: nobody's pepper but ours, and nothing that is long enough to be a burden."""
    subject = str(ALICE.subject)
    position = f"{node(1)} a"
    foreign = [
        SealedCursors(Secret(bytes(32))).encode(subject, "nodes None", position),
        SealedCursors(Secret(b"\1" * 32)).encode(subject, "hooks None None None", position),
        "x" * (LONGEST_CURSOR + 1),
        "x" * 60_000,
    ]

    answers = [await scene.list(f"?cursor={each}") for each in foreign]
    twice = await scene.list("?cursor=a&cursor=a")

    assert {(each.status_code, code_of(each)) for each in [*answers, twice]} == {(400, "invalid_cursor")}
    assert scene.reads.entries == []


@QUICK
@given(st.data())
async def test_a_cursor_that_was_touched_is_refused_and_never_a_fault(
    scene: Scene, data: st.DataObject
) -> None:
    """H41: cut, stretched, swapped and altered texts."""
    scene.fill()
    cursor, other = await next_cursor(scene), await next_cursor(scene, "&image_digest_match=true")
    at = data.draw(st.integers(0, len(cursor) - 1))
    touched = data.draw(
        st.one_of(
            st.just(cursor[:at]),
            st.just(cursor[at:]),
            st.just(cursor[:at] + other[at:]),
            st.just(cursor + cursor[at:]),
            st.text(max_size=80),
            st.characters(codec="utf-8").map(lambda each: cursor[:at] + each + cursor[at + 1 :]),
        ).filter(lambda text: text not in ("", cursor))
    )

    answer = await scene.surface.call("GET", HOOKS, params={"cursor": touched, "limit": "1"})

    assert (answer.status_code, code_of(answer)) == (400, "invalid_cursor")


@QUICK
@given(found=FOUND, late=FOUND, limit=st.integers(1, 3))
async def test_paging_finds_every_visible_row_once_however_rows_come_meanwhile(
    scene: Scene, found: list[tuple[int, str]], late: list[tuple[int, str]], limit: int
) -> None:
    """H42: what was there before the first page is shown once, and nothing is shown twice."""
    scene.store.kept.clear()
    scene.permissions.answers = lambda asked: [each == domain_object(DOMAIN) for each in asked]
    add_all(scene, found)
    before = visible(scene)
    coming = list(late)
    rows: list[tuple[str, str]] = []
    cursor = ""
    for _ in range(60):
        answer = await scene.list(f"?limit={limit}{cursor}")
        rows += shown(answer)
        if coming:
            add_all(scene, [coming.pop()])
        if "next_cursor" not in answer.json():
            break
        cursor = f"&cursor={answer.json()['next_cursor']}"

    assert len(rows) == len(set(rows))
    assert before <= set(rows) <= visible(scene)


def add_all(scene: Scene, found: list[tuple[int, str]]) -> None:
    for number, name in found:
        scene.add(number, name, DOMAIN if number % 2 else OTHER_DOMAIN)


def visible(scene: Scene) -> set[tuple[str, str]]:
    kept = [listed for listed, _ in scene.store.kept.values() if listed.domain_id == DOMAIN]
    return {(str(each.node_id), each.hook.name) for each in kept}
