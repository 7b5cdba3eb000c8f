"""Discovered hooks are listed by node and name, through every filter."""

import pytest

from plexsphere.policy.domain.hooks.discovered_hook import DiscoveredHook
from plexsphere.policy.ports.hooks.discovered_hooks import HookFilter, HookPlace, ListedHook
from tests.ports.policy.hooks.conftest import HooksKit
from tests.support.hooks import (
    DOMAIN,
    FOREIGN,
    ONE,
    OTHER_DOMAIN,
    OTHER_PROJECT,
    OTHERS,
    PROJECT,
    TWO,
    digest,
)

EVERYTHING = HookFilter()


@pytest.fixture
async def full(kit: HooksKit) -> HooksKit:
    """Hooks of four nodes, found in an order that is not the listing's."""
    await kit.find(FOREIGN, {"declared": digest(4)})
    await kit.find(TWO, {"declared-b": digest(2), "a": digest(2), "odd": "sha256:odd"})
    await kit.find(ONE, {"z": digest(1), "Ä": digest(1), "declared": digest(1)})
    await kit.find(OTHERS, {"c": digest(3)})
    return kit


async def listed(kit: HooksKit, wanted: HookFilter = EVERYTHING) -> list[tuple[object, str]]:
    page = await kit.hooks.hooks_page(wanted, None, 200)
    assert page.is_last
    return [(each.node_id, each.hook.name) for each in page.hooks]


async def test_hooks_are_listed_by_node_and_then_by_name_in_the_order_of_bytes(full: HooksKit) -> None:
    assert await listed(full) == [
        (ONE, "declared"),
        (ONE, "z"),
        (ONE, "Ä"),
        (TWO, "a"),
        (TWO, "declared-b"),
        (OTHERS, "c"),
        (FOREIGN, "declared"),
    ]


async def test_a_row_tells_what_was_found_where(full: HooksKit) -> None:
    page = await full.hooks.hooks_page(HookFilter(domain_id=OTHER_DOMAIN), None, 1)

    hook = DiscoveredHook("declared", digest(4), image_digest_match=True)
    assert page.hooks == (ListedHook(OTHER_DOMAIN, FOREIGN, hook),)


@pytest.mark.parametrize(
    ("wanted", "nodes"),
    [
        (HookFilter(domain_id=DOMAIN), {ONE, TWO, OTHERS}),
        (HookFilter(project_id=OTHER_PROJECT), {OTHERS}),
        (HookFilter(domain_id=DOMAIN, project_id=PROJECT), {ONE, TWO}),
        (HookFilter(domain_id=OTHER_DOMAIN, project_id=PROJECT), set()),
        (HookFilter(image_digest_match=True), {ONE, TWO, FOREIGN}),
        (HookFilter(image_digest_match=False), {ONE, TWO, OTHERS}),
        (HookFilter(domain_id=DOMAIN, image_digest_match=False, project_id=OTHER_PROJECT), {OTHERS}),
    ],
)
async def test_a_filter_narrows_along_its_axis(
    full: HooksKit, wanted: HookFilter, nodes: set[object]
) -> None:
    assert {node for node, _ in await listed(full, wanted)} == nodes


async def test_a_page_ends_before_the_next_and_says_whether_it_is_the_last(full: HooksKit) -> None:
    first = await full.hooks.hooks_page(HookFilter(), None, 5)
    second = await full.hooks.hooks_page(HookFilter(), first.hooks[-1].place, 2)
    third = await full.hooks.hooks_page(HookFilter(), second.hooks[-1].place, 2)

    assert [page.is_last for page in (first, second, third)] == [False, True, True]
    assert [each.place for each in second.hooks] == [HookPlace(OTHERS, "c"), HookPlace(FOREIGN, "declared")]
    assert third.hooks == ()
