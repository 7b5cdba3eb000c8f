"""What was discovered follows from the manifest alone (design D29)."""

import json
from typing import Any

import pytest

from plexsphere.composition.bridges.manifests import manifest_of
from plexsphere.fleet.domain.errors import InvalidManifest, InvalidSandbox
from plexsphere.policy.domain.hooks.discovered_hook import DiscoveredHook, discovered
from plexsphere.policy.domain.hooks.sandbox import Sandbox
from tests.support.hooks import a_crd, a_hook, digest


def found(**manifest: Any) -> list[DiscoveredHook]:
    return discovered(manifest_of(json.dumps(manifest).encode()))


def test_a_declared_object_counts_as_found_where_nothing_apart_is_told() -> None:
    hooks = [a_crd("b", digest(2)), a_crd("a", digest(1).removeprefix("sha256:")), a_hook("script")]

    for manifest in ({"hooks": hooks}, {"hooks": hooks, "discovered_hooks": None}):
        assert found(**manifest) == [
            DiscoveredHook("b", digest(2), image_digest_match=True),
            DiscoveredHook("a", digest(1), image_digest_match=True),
        ]


def test_what_was_found_is_compared_with_what_is_declared() -> None:
    seen = [
        {"name": "same", "image_digest": digest(1)},
        {"name": "other", "image_digest": digest(9)},
        {"name": "undeclared", "image_digest": digest(1)},
        {"name": "script", "image_digest": digest(1)},
    ]
    declared = [a_crd("same"), a_crd("other"), a_crd("absent"), a_hook("script")]

    assert {each.name: each.image_digest_match for each in found(hooks=declared, discovered_hooks=seen)} == {
        "same": True,
        "other": False,
        "undeclared": False,
        "script": False,
    }


def test_a_cluster_in_which_nothing_was_found_has_nothing() -> None:
    assert found(hooks=[a_crd()], discovered_hooks=[]) == []


@pytest.mark.parametrize(
    "text", ["", "sha256:abc", digest(10).upper(), f"{digest(1)} ", "sha512:" + "0" * 128]
)
def test_a_digest_of_another_form_is_kept_and_not_listed(text: str) -> None:
    """M14: it is not made into one that was never told."""
    [hook] = found(hooks=[a_crd(checksum=text)])

    assert hook == DiscoveredHook("db-backup", text, image_digest_match=True)
    assert not hook.is_listed


def test_two_objects_of_one_name_are_one_row() -> None:
    hooks = [a_crd(checksum=digest(1)), a_crd(checksum=digest(2))]

    assert found(hooks=hooks) == [DiscoveredHook("db-backup", digest(1), image_digest_match=True)]


@pytest.mark.parametrize("order", [(1, 9, 8), (9, 8, 1), (9, 1, 8)])
def test_of_two_objects_of_one_name_the_first_that_is_not_what_is_declared_is_shown(
    order: tuple[int, ...],
) -> None:
    """M15: the one that matches hides no other."""
    seen = [{"name": "db-backup", "image_digest": digest(number)} for number in order]

    assert found(hooks=[a_crd()], discovered_hooks=seen) == [
        DiscoveredHook("db-backup", digest(9), image_digest_match=False)
    ]


@pytest.mark.parametrize(
    ("hook", "expected"),
    [
        (a_hook(sandbox="container"), Sandbox.CONTAINER),
        (a_hook(sandbox=""), Sandbox.NONE),
        (a_crd(), Sandbox.CONTAINER),
        (a_crd(source="local"), Sandbox.NONE),
    ],
)
def test_where_a_hook_runs_is_as_announced_or_what_its_source_says(
    hook: dict[str, Any], expected: Sandbox
) -> None:
    [declared] = manifest_of(json.dumps({"hooks": [hook]}).encode()).hooks

    assert declared.sandbox is expected


@pytest.mark.parametrize("word", ["None", "host", "namespaced ", "privileged"])
def test_another_sandbox_is_refused(word: str) -> None:
    """M16: nobody guesses what a hook may touch."""
    with pytest.raises(InvalidSandbox):
        manifest_of(json.dumps({"hooks": [a_hook(sandbox=word)]}).encode())


@pytest.mark.parametrize(
    "manifest",
    [
        {"hooks": [a_hook(name="")]},
        {"hooks": [a_hook(name="x" * 254)]},
        {"hooks": [a_hook(checksum="x" * 256)]},
        {"hooks": [a_hook(f"hook-{number}") for number in range(1025)]},
        {"discovered_hooks": [{"name": 7}]},
        {"builtin_actions": {}},
    ],
)
def test_a_manifest_of_another_shape_is_refused(manifest: dict[str, Any]) -> None:
    with pytest.raises(InvalidManifest):
        manifest_of(json.dumps(manifest).encode())
