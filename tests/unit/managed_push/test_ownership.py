"""Whatever others own stays theirs, and a rollback gives back what was captured (managed-push.md, Authority)."""

import asyncio
from typing import Any, Final

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from plexsphere.managed_push.domain.cluster_object import FIELD_MANAGER
from plexsphere.managed_push.domain.errors import ClusterConflict, ClusterUnreachable, ManagedPushError
from plexsphere.managed_push.domain.record import Record
from tests.kube_api.definitions import ATOMIC_MAP, DEFAULTED_FIELD, Definition, plexd_hook
from tests.kube_api.field_sets import FieldSet, Json, decoded
from tests.kube_api.object_store import Wish
from tests.kube_api.statuses import RefusedError
from tests.support.managed_push import DIGEST
from tests.support.memory_cluster import MemoryCluster
from tests.support.pushes import KEY, PushScene

DIGESTS: Final = (DIGEST, "sha256:" + "1" * 64)
MANAGERS: Final = ("gitops", "helm", "operator")

managers = st.sampled_from(MANAGERS)
parameters = st.dictionaries(st.sampled_from("abc"), st.sampled_from("12"), max_size=3)
specs = st.fixed_dictionaries(
    {"name": st.just("backup"), "imageDigest": st.sampled_from(DIGESTS)},
    optional={
        "parameters": parameters,
        "timeoutSeconds": st.sampled_from([30, 60]),
        "sandbox": st.booleans(),
    },
)
labels = st.dictionaries(st.sampled_from(["team", "tier"]), st.sampled_from(["a", "b"]), max_size=2)


def holdings(there: Json | None) -> dict[tuple[str, str, str], FieldSet]:
    """Return who owns which fields."""
    entries = there["metadata"].get("managedFields", ()) if there else ()
    return {
        (each["manager"], each["operation"], each.get("subresource", "")): decoded(each["fieldsV1"])
        for each in entries
    }


def values(there: Json | None) -> Any:
    """Return what managers can set of an object."""
    if there is None:
        return None
    metadata = {name: there["metadata"].get(name, {}) for name in ("labels", "annotations")}
    return there["spec"], there.get("status"), metadata


def foreign(there: Json | None) -> Any:
    """Return what others own, and the values of it."""
    theirs = {owner: held for owner, held in holdings(there).items() if owner[:2] != (FIELD_MANAGER, "Apply")}
    return {owner: {path: _at(there, path) for path in held} for owner, held in theirs.items()}


def _at(value: Any, path: tuple[str, ...]) -> Any:
    for step in path:
        name = step.removeprefix("f:")
        if not isinstance(value, dict) or name not in value:
            return None
        value = value[name]
    return "a map" if isinstance(value, dict) else value


class Ownership(RuleBasedStateMachine):
    """Pushes, rollbacks and the edits of others, in any order."""

    definition: Definition

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.scene = PushScene(MemoryCluster(self.definition))
        self.runner.run(self.scene.attached())
        self.applied: list[tuple[Record, Json | None, int]] = []
        self.edits = 0

    def teardown(self) -> None:
        self.runner.close()

    @rule(who=managers, spec=specs, labels=labels, force=st.booleans())
    def apply(self, who: str, spec: Json, labels: dict[str, str], force: bool) -> None:
        self._edit(lambda: self.scene.applied_by(who, force=force, spec=spec, metadata={"labels": labels}))

    @rule(who=managers)
    def let_go(self, who: str) -> None:
        self._edit(lambda: self.scene.applied_by(who))

    @rule(who=managers, parameters=parameters)
    def edit(self, who: str, parameters: dict[str, str]) -> None:
        self._edit(lambda: self.scene.patched_by(who, {"spec": {"parameters": parameters}}))

    @rule(phase=st.sampled_from(["Ready", "Failed"]))
    def report(self, phase: str) -> None:
        patch = {"status": {"phase": phase}}
        self._edit(lambda: self.scene.cluster.store.merge_patch_status(KEY, patch, Wish("controller")))

    @rule()
    def delete(self) -> None:
        self._edit(lambda: self.scene.cluster.store.delete(KEY, {}, Wish("kubectl")))

    @rule(parameters=parameters, digest=st.sampled_from(DIGESTS), seconds=st.sampled_from([30, 60]))
    def push(self, parameters: dict[str, str], digest: str, seconds: int) -> None:
        before = self.scene.there()

        try:
            pushed = self.scene.push(parameters=parameters, image_digest=digest, timeout_seconds=seconds)
            record = self.runner.run(pushed)
        except ManagedPushError:
            assert self.scene.there() == before
            return

        assert foreign(self.scene.there()) == foreign(before)
        assert record.had_prior_state == (before is not None)
        self.applied.append((record, before, self.edits))

    @precondition(lambda self: self.applied)
    @rule(data=st.data())
    def roll_back(self, data: st.DataObject) -> None:
        chosen = data.draw(st.sampled_from(range(len(self.applied))))
        record, captured, edits = self.applied[chosen]
        before = self.scene.there()

        try:
            self.runner.run(self.scene.roll_back(record))
        except (ClusterConflict, ClusterUnreachable):
            assert self.scene.there() == before
            assert edits != self.edits or chosen != len(self.applied) - 1
            return

        assert chosen == len(self.applied) - 1
        self.applied.pop()
        self._require_restored(record, captured, before, was_left_alone=edits == self.edits)

    @invariant()
    def nothing_stays_open(self) -> None:
        assert self.scene.open_intents() == []

    def _require_restored(
        self, record: Record, captured: Json | None, before: Json | None, *, was_left_alone: bool
    ) -> None:
        after = self.scene.there()
        if captured is None:
            assert after is None
        elif before is not None:
            assert foreign(after) == foreign(before)
        if was_left_alone:
            assert values(after) == values(captured)
            assert holdings(after) == holdings(captured)

    def _edit(self, write: Any) -> None:
        before = self.scene.there()
        try:
            write()
        except RefusedError:
            return
        self.edits += before != self.scene.there()


@pytest.mark.parametrize(
    "definition",
    [plexd_hook(), plexd_hook(DEFAULTED_FIELD), plexd_hook(ATOMIC_MAP)],
    ids=["as shipped", "with a default", "with an atomic map"],
)
def test_no_field_of_another_manager_ever_changes_and_a_rollback_gives_everything_back(
    definition: Definition,
) -> None:
    """M22, M24, M26."""

    class Case(Ownership):
        pass

    Case.definition = definition
    case = Case.TestCase
    case.settings = settings(max_examples=60, stateful_step_count=14, deadline=None)
    case("runTest").runTest()
