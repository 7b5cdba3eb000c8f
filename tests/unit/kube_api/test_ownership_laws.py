"""What holds of every apply, whoever applied and edited before."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.kube_api.definitions import DEFAULTED_FIELD, LIST_MAP, Definition, plexd_hook
from tests.kube_api.field_sets import NOTHING, FieldSet, Json, Path
from tests.kube_api.object_store import ObjectStore, Wish
from tests.kube_api.ownership import NAMING, Claim, Operation, Owner, Ownership
from tests.kube_api.statuses import RefusedError
from tests.kube_api.stored_objects import Key, StoredObject
from tests.kube_api.typed_values import Comparison, compared, extracted, fields_of

KEY: Final = Key("default", "hook")
DIGESTS: Final = [f"sha256:{digit * 64}" for digit in "ab"]
MANAGERS: Final = ["gitops", "helm", "us"]
VALUES: Final = st.sampled_from(["1", "2"])
NAMES: Final = st.sampled_from(["p", "q", "r"])
LISTED: Final = st.dictionaries(NAMES, VALUES, min_size=1, max_size=3).map(
    lambda given: [{"name": name, "value": value} for name, value in given.items()]
)


@dataclass(frozen=True)
class Turn:
    """One write to the object, whoever makes it."""

    manager: str
    is_edit: bool
    force: bool
    spec: Json
    labels: Json

    def body(self) -> Json:
        """Return what is applied, or merged in."""
        metadata: Json = {"name": KEY.name, "namespace": KEY.namespace}
        if self.labels:
            metadata["labels"] = self.labels
        named = {"apiVersion": "hooks.plexd.io/v1alpha1", "kind": "PlexdHook", "metadata": metadata}
        return {**named, "spec": {"name": "hook", "imageDigest": DIGESTS[0], **self.spec}}


def turns(parameters: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Turn]]:
    """Return turns of several managers; edits leave out no field, and applies now and then force."""
    specs = st.fixed_dictionaries(
        {},
        optional={
            "imageDigest": st.sampled_from(DIGESTS),
            "parameters": parameters,
            "timeoutSeconds": st.integers(0, 1),
        },
    )
    labels = st.dictionaries(st.sampled_from(["l", "m"]), VALUES, max_size=2)
    who, rarely = st.sampled_from(MANAGERS), st.integers(0, 4).map(lambda drawn: drawn == 0)
    applies = st.builds(Turn, who, st.just(False), rarely, specs, labels)
    # An entry of a list goes with what others changed in it, when whoever brought it omits it: edits leave lists alone.
    edits = specs.map(
        lambda spec: {name: spec[name] for name in spec if isinstance(spec[name], str | int | dict)}
    )
    return st.lists(
        applies | applies | applies | st.builds(Turn, who, st.just(True), rarely, edits, labels),
        min_size=1,
        max_size=6,
    )


WORLDS: Final[dict[str, tuple[Definition, st.SearchStrategy[list[Turn]]]]] = {
    "map": (plexd_hook(), turns(st.dictionaries(NAMES, VALUES, max_size=3))),
    "defaulted": (plexd_hook(DEFAULTED_FIELD), turns(st.dictionaries(NAMES, VALUES, max_size=3))),
    "list": (plexd_hook(LIST_MAP), turns(LISTED)),
}
NO_CHANGE: Final = Comparison(NOTHING, NOTHING, NOTHING)
Law = Callable[["Seen"], None]


@dataclass(frozen=True)
class Seen:
    """The object before and after one turn."""

    definition: Definition
    turn: Turn
    before: StoredObject | None
    after: StoredObject | None
    refused: RefusedError | None

    @property
    def owner(self) -> Owner:
        return Owner(Operation.UPDATE if self.turn.is_edit else Operation.APPLY, self.turn.manager)

    def claims(self, at: StoredObject | None) -> Ownership:
        """Return who owned what."""
        return at.ownership if at else {}

    def is_map(self, path: Path) -> bool:
        """Whether something lies in a field, or lay: to own a map, or an entry, is to own none of what is in it."""
        contents = (at.content for at in (self.before, self.after) if at)
        there = NOTHING.union(*(fields_of(content, self.definition.shape) for content in contents))
        return any(len(each) > len(path) and each[: len(path)] == path for each in there)

    def values(self, at: StoredObject, fields: FieldSet) -> Any:
        """Return the values of these fields."""
        return extracted(at.content, fields, self.definition.shape)


def told(store: ObjectStore, turn: Turn) -> Seen:
    """Have a manager take its turn."""
    before, refused = store.objects.get(KEY), None
    wish = Wish(turn.manager, force=turn.force)
    try:
        if not turn.is_edit:
            store.apply(KEY, turn.body(), wish)
        elif before is None:
            store.create(KEY, turn.body(), wish)
        else:
            store.merge_patch(KEY, turn.body(), wish)
    except RefusedError as refusal:
        refused = refusal
    return Seen(store.definition, turn, before, store.objects.get(KEY), refused)


def others_keep_values_and_fields(seen: Seen) -> None:
    if seen.refused or seen.turn.is_edit or seen.turn.force or seen.before is None:
        return
    assert seen.after is not None
    after = seen.claims(seen.after)
    for owner, claim in seen.claims(seen.before).items():
        if owner != seen.owner:
            assert after[owner] == claim
            # In which order a list's entries lie is the affair of whoever applied last.
            values = frozenset(path for path in claim.fields if not seen.is_map(path))
            before, now = (seen.values(each, values) for each in (seen.before, seen.after))
            assert compared(before, now, seen.definition.shape) == NO_CHANGE


def a_refusal_writes_nothing(seen: Seen) -> None:
    if seen.refused:
        assert seen.after == seen.before


def a_refusal_names_every_field_in_the_way(seen: Seen) -> None:
    if seen.refused:
        assert seen.refused.code == 409
        assert seen.refused.status["details"]["causes"]
        assert not seen.turn.force


def an_apply_owns_just_what_it_says(seen: Seen) -> None:
    if not seen.refused and not seen.turn.is_edit:
        said = fields_of(seen.turn.body(), seen.definition.shape)
        assert seen.claims(seen.after).get(seen.owner, Claim(NOTHING, "")).fields == said - NAMING


def every_field_that_is_set_has_an_owner_but_for_defaults(seen: Seen) -> None:
    if seen.after is None:
        return
    owned = NOTHING.union(*(claim.fields for claim in seen.after.ownership.values()))
    there = fields_of(seen.after.content, seen.definition.shape) - NAMING
    assert there - owned <= {("f:spec", "f:retries")}
    # Edits own the maps they made as well, which are no field of their own once something lies in them.
    assert {path for path in owned - there if not any(path == each[: len(path)] for each in there)} == set()


def force_takes_fields_from_others_and_gives_them_to_the_manager(seen: Seen) -> None:
    if not seen.turn.force or seen.turn.is_edit or seen.before is None or seen.refused:
        return
    assert seen.after is not None
    mine = seen.after.ownership[seen.owner].fields
    for owner, claim in seen.before.ownership.items():
        if owner != seen.owner:
            lost = claim.fields - seen.after.ownership.get(owner, Claim(NOTHING, "")).fields
            assert all(any(path[: len(each)] == each for each in mine) or path in mine for path in lost)


LAWS: Final[list[Law]] = [
    others_keep_values_and_fields,
    a_refusal_writes_nothing,
    a_refusal_names_every_field_in_the_way,
    an_apply_owns_just_what_it_says,
    every_field_that_is_set_has_an_owner_but_for_defaults,
    force_takes_fields_from_others_and_gives_them_to_the_manager,
]


@pytest.mark.parametrize("world", WORLDS)
@given(data=st.data())
def test_every_law_holds_in_every_history(world: str, data: st.DataObject) -> None:
    definition, histories = WORLDS[world]
    store = ObjectStore(definition)

    seen = [told(store, turn) for turn in data.draw(histories)]

    for each in seen:
        for law in LAWS:
            law(each)


@pytest.mark.parametrize("world", WORLDS)
@given(data=st.data())
def test_applying_the_same_again_changes_nothing_at_all(world: str, data: st.DataObject) -> None:
    definition, histories = WORLDS[world]
    store = ObjectStore(definition)
    last = [told(store, turn) for turn in data.draw(histories)][-1]
    if last.turn.is_edit or last.refused:
        return

    again = told(store, last.turn)

    assert again.before is again.after
