"""What customers' own definitions of the kind change about ownership: defaults, lists of entries, whole maps."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from tests.kube_api.definitions import ATOMIC_MAP, DEFAULTED_FIELD, LIST_MAP, NAMED_SANDBOX, plexd_hook
from tests.kube_api.field_sets import FieldSet, Json
from tests.kube_api.object_store import ObjectStore, Wish
from tests.kube_api.ownership import Operation, Owner
from tests.kube_api.statuses import RefusedError
from tests.kube_api.stored_objects import Key

KEY: Final = Key("default", "hook")
DIGEST: Final = f"sha256:{'a' * 64}"
RETRIES: Final = ("f:spec", "f:retries")
PARAMETERS: Final = ("f:spec", "f:parameters")


class World:
    """A store, and managers that apply to its one object."""

    def __init__(self, *changes: Json) -> None:
        self.time = datetime(2026, 1, 1, tzinfo=UTC)
        self.store = ObjectStore(plexd_hook(*changes), clock=lambda: self.time)

    def apply(self, manager: str, **spec: Any) -> Json:
        """Apply a valid spec with these fields besides."""
        return self.store.apply(KEY, self.body(**spec), Wish(manager)).body

    def refused(self, manager: str, **spec: Any) -> Json:
        """Apply what is refused, and return the Status."""
        with pytest.raises(RefusedError) as refusal:
            self.apply(manager, **spec)
        return refusal.value.status

    def body(self, **spec: Any) -> Json:
        """Return a body."""
        return {
            "apiVersion": "hooks.plexd.io/v1alpha1",
            "kind": "PlexdHook",
            "metadata": {"name": KEY.name},
            "spec": {"name": "hook", "imageDigest": DIGEST, **spec},
        }

    def owned(self, manager: str, operation: Operation = Operation.APPLY) -> FieldSet:
        """Return what a manager owns."""
        return self.store.objects[KEY].ownership[Owner(operation, manager)].fields


def conflicting(status: Json) -> list[str]:
    return [each["field"] for each in status["details"]["causes"]]


def listed(**values: str) -> list[Json]:
    return [{"name": name, "value": value} for name, value in values.items()]


def test_a_default_is_there_and_nobody_owns_it() -> None:
    world = World(DEFAULTED_FIELD)

    assert world.apply("us")["spec"]["retries"] == 3
    assert RETRIES not in world.owned("us")


def test_a_field_that_is_let_go_falls_back_to_its_default() -> None:
    world = World(DEFAULTED_FIELD)
    world.apply("us", retries=5)

    assert world.apply("us")["spec"]["retries"] == 3


def test_a_default_that_is_applied_is_owned() -> None:
    world = World(DEFAULTED_FIELD)
    world.apply("gitops")
    world.apply("us", retries=3)

    assert RETRIES in world.owned("us")
    assert conflicting(world.refused("gitops", retries=4)) == [".spec.retries"]


def test_entries_of_a_list_are_merged_by_their_keys() -> None:
    world = World(LIST_MAP)
    world.apply("gitops", parameters=listed(a="1"))
    merged = world.apply("us", parameters=listed(b="2"))
    left = world.apply("us")

    assert merged["spec"]["parameters"] == listed(a="1", b="2")
    assert left["spec"]["parameters"] == listed(a="1")


def test_an_entry_is_owned_with_its_keys_and_conflicts_by_its_value() -> None:
    world = World(LIST_MAP)
    world.apply("gitops", parameters=listed(a="1"))
    entry = (*PARAMETERS, 'k:{"name":"a"}')

    assert {path for path in world.owned("gitops") if path[:2] == PARAMETERS} == {
        entry,
        (*entry, "f:name"),
        (*entry, "f:value"),
    }
    assert conflicting(world.refused("us", parameters=listed(a="2"))) == ['.spec.parameters[name="a"].value']


@pytest.mark.parametrize(
    ("before", "applied", "after"), [("abc", "ca", "bca"), ("abcd", "ace", "abcde"), ("a", "b", "ab")]
)
def test_a_list_is_in_the_order_of_whoever_applied_last_and_what_others_have_stays_where_it_was(
    before: str, applied: str, after: str
) -> None:
    world = World(LIST_MAP)
    world.apply("gitops", parameters=listed(**dict.fromkeys(before, "1")))
    found = world.apply("us", parameters=listed(**dict.fromkeys(applied, "1")))

    assert "".join(each["name"] for each in found["spec"]["parameters"]) == after


def test_two_entries_of_one_key_cannot_be_taken_apart() -> None:
    status = World(LIST_MAP).refused("us", parameters=[*listed(a="1"), *listed(a="2")])

    assert (status["code"], "reason" in status) == (500, False)


def test_an_entry_goes_with_what_others_edited_in_it() -> None:
    world = World(LIST_MAP)
    world.apply("us", parameters=listed(a="1"))
    world.store.merge_patch(KEY, {"spec": {"parameters": listed(a="2")}}, Wish("kubectl-edit"))

    assert "parameters" not in world.apply("us")["spec"]


def test_a_whole_map_belongs_to_one_and_conflicts_as_one() -> None:
    world = World(ATOMIC_MAP)
    world.apply("gitops", parameters={"a": "1"})

    assert PARAMETERS in world.owned("gitops")
    assert conflicting(world.refused("us", parameters={"b": "2"})) == [".spec.parameters"]


def test_a_map_of_parts_conflicts_by_its_parts() -> None:
    world = World()
    world.apply("gitops", parameters={"a": "1"})

    assert conflicting(world.refused("us", parameters={"a": "2", "b": "2"})) == [".spec.parameters.a"]


def test_a_value_that_is_none_of_a_few_is_invalid() -> None:
    status = World(NAMED_SANDBOX).refused("us", sandbox="maybe")

    assert (status["code"], conflicting(status)) == (422, ["spec.sandbox"])


def test_a_map_of_which_nothing_is_left_is_gone_unless_somebody_applied_it_empty() -> None:
    world = World()
    world.apply("us", parameters={"a": "1"})
    emptied = world.apply("us", parameters={})
    gone = world.apply("us")

    assert emptied["spec"]["parameters"] == {}
    assert "parameters" not in gone["spec"]


def test_who_creates_without_an_apply_owns_the_defaults_and_the_maps_too() -> None:
    world = World(DEFAULTED_FIELD)
    world.store.create(KEY, world.body(parameters={"a": "1"}), Wish("cli"))

    owned = world.owned("cli", Operation.UPDATE)
    assert {RETRIES, PARAMETERS, (*PARAMETERS, "f:a")} <= owned


def test_an_entry_of_managed_fields_tells_when_its_owner_last_changed_something() -> None:
    world = World()
    world.apply("gitops")
    world.time += timedelta(minutes=1)
    found = world.apply("us", timeoutSeconds=1)["metadata"]["managedFields"]
    world.time += timedelta(minutes=1)
    again = world.apply("us", timeoutSeconds=1)["metadata"]["managedFields"]

    assert [(each["manager"], each["time"]) for each in found] == [
        ("gitops", "2026-01-01T00:00:00Z"),
        ("us", "2026-01-01T00:01:00Z"),
    ]
    assert again == found


def test_what_a_schema_does_not_know_is_dropped_without_an_apply() -> None:
    world = World()
    world.store.create(KEY, world.body(image="x"), Wish("cli"))

    assert "image" not in world.store.get(KEY)["spec"]


def test_a_replacement_must_name_the_version_it_replaces() -> None:
    world = World()
    world.apply("us")
    with pytest.raises(RefusedError) as refusal:
        world.store.replace(KEY, world.body(), Wish("cli"))

    assert refusal.value.code == 422


def test_a_replacement_takes_what_it_changes_and_leaves_the_rest() -> None:
    world = World()
    version = world.apply("us", timeoutSeconds=1)["metadata"]["resourceVersion"]
    body = world.body(timeoutSeconds=2)
    body["metadata"]["resourceVersion"] = version
    world.store.replace(KEY, body, Wish("cli"))

    assert world.owned("cli", Operation.UPDATE) == {("f:spec", "f:timeoutSeconds")}
    assert world.owned("us") == {("f:spec", "f:name"), ("f:spec", "f:imageDigest")}


def test_who_edits_a_field_away_owns_it_no_more() -> None:
    world = World()
    world.apply("us")
    world.store.merge_patch(KEY, {"spec": {"timeoutSeconds": 1, "sandbox": True}}, Wish("cli"))
    world.store.merge_patch(KEY, {"spec": {"timeoutSeconds": None}}, Wish("cli"))

    assert world.owned("cli", Operation.UPDATE) == {("f:spec", "f:sandbox")}


def test_a_namespace_that_ends_takes_nothing_new_and_waits_for_what_is_held() -> None:
    world = World()
    body = world.body()
    body["metadata"]["finalizers"] = ["plexd.io/keep"]
    world.store.apply(KEY, body, Wish("us"))
    world.store.delete_namespace(KEY.namespace)
    with pytest.raises(RefusedError) as refusal:
        world.store.apply(Key(KEY.namespace, "other"), {**body, "metadata": {"name": "other"}}, Wish("us"))
    world.store.merge_patch(KEY, {"metadata": {"finalizers": None}}, Wish("cli"))

    assert refusal.value.status["details"]["causes"][0]["reason"] == "NamespaceTerminating"
    assert (refusal.value.code, world.store.objects, world.store.namespaces) == (403, {}, {})


def test_what_is_on_its_way_out_is_held_by_nothing_new() -> None:
    world = World()
    body = world.body()
    body["metadata"]["finalizers"] = ["plexd.io/keep"]
    world.store.apply(KEY, body, Wish("us"))
    world.store.delete(KEY, {}, Wish("us"))
    with pytest.raises(RefusedError) as refusal:
        world.store.merge_patch(KEY, {"metadata": {"finalizers": ["a/b", "plexd.io/keep"]}}, Wish("cli"))

    assert (refusal.value.code, conflicting(refusal.value.status)) == (422, ["metadata.finalizers"])
