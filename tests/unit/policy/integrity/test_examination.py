"""An announcement's hooks against a node's baselines (design D30)."""

from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from plexsphere.policy.domain.actions.definition import ActionDefinition, ActionType
from plexsphere.policy.domain.hooks.manifest import DeclaredHook
from plexsphere.policy.domain.hooks.sandbox import Sandbox
from plexsphere.policy.domain.integrity.examination import MOST_BASELINES, examined
from plexsphere.policy.domain.integrity.pin import Pin
from plexsphere.policy.domain.integrity.violation import hook_named
from tests.support.hooks import digest

PINS = [
    Pin(checksum, sandbox, privileged)
    for checksum, sandbox, privileged in product([digest(1), digest(2)], Sandbox, [False, True])
]


def hook(name: str, pin: Pin) -> DeclaredHook:
    definition = ActionDefinition(
        ActionType.HOOK, name, privileged=pin.privileged, source="script", checksum=pin.checksum
    )
    return DeclaredHook(definition, pin.sandbox)


@given(st.sampled_from(PINS), st.sampled_from(PINS))
def test_a_hook_departs_by_another_digest_or_by_touching_more(baseline: Pin, seen: Pin) -> None:
    """M16: of two that differ in what they may touch only the wider one departs."""
    assert not baseline.departs_from(baseline)
    if seen.checksum != baseline.checksum:
        assert seen.departs_from(baseline)
    elif seen != baseline:
        touches_more = Sandbox(seen.sandbox).is_wider_than(baseline.sandbox) or (
            seen.privileged and not baseline.privileged
        )
        assert seen.departs_from(baseline) is touches_more
        assert seen.departs_from(baseline) or baseline.departs_from(seen)


def test_a_node_has_so_many_baselines_and_hooks_beyond_cannot_be_asked_for() -> None:
    pin = PINS[0]
    known = {f"old-{number}": pin for number in range(MOST_BASELINES - 1)}

    examination = examined([hook("a", pin), hook("b", pin), hook("old-0", pin)], known)

    assert (set(examination.pins), examination.homeless) == ({"a"}, frozenset({"b"}))
    assert examination.departures == {}


@given(
    st.sampled_from(
        ["backup", "hooks/backup", "/opt/hooks.d/backup", "/opt/hooks.d/backup.sh", "./backup.py"]
    )
)
def test_an_artifact_is_the_hook_that_it_names(artifact: str) -> None:
    assert hook_named(artifact, {"backup", "other"}) == "backup"


@given(st.text(max_size=40))
def test_an_artifact_of_no_known_hook_stays_as_it_was_named(artifact: str) -> None:
    assert hook_named(artifact, frozenset()) == artifact
