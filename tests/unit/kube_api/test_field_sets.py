"""Sets of fields, their wire form, and the values they are taken from."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.kube_api.definitions import LIST_MAP, plexd_hook
from tests.kube_api.field_sets import FieldSet, Path, decoded, encoded, spelled
from tests.kube_api.shapes import Fields
from tests.kube_api.typed_values import ABSENT, compared, extracted, fields_of, merged, same, without

NAMES = st.sampled_from(["a", "b", "c"])
MAPS = st.fixed_dictionaries(
    {},
    optional={
        "name": st.sampled_from(["x", "y"]),
        "parameters": st.dictionaries(NAMES, st.sampled_from(["1", "2"]), max_size=3),
        "timeoutSeconds": st.integers(0, 2),
    },
)
LISTS = st.fixed_dictionaries(
    {},
    optional={
        "name": st.sampled_from(["x", "y"]),
        "parameters": st.dictionaries(NAMES, st.sampled_from(["1", "2"]), min_size=1).map(
            lambda given: [{"name": name, "value": value} for name, value in given.items()]
        ),
    },
)
KINDS: dict[str, tuple[Fields, st.SearchStrategy[Any]]] = {
    "map": (plexd_hook().shape, MAPS),
    "list": (plexd_hook(LIST_MAP).shape, LISTS),
}
PATHS: st.SearchStrategy[Path] = st.lists(
    st.sampled_from(["f:a", "f:b", 'k:{"name":"a"}', 'v:"x"']), min_size=1, max_size=4
).map(tuple)


def is_within(path: Path, fields: FieldSet) -> bool:
    """Whether a field is set, or a map that holds fields that are."""
    return any(each[: len(path)] == path for each in fields)


def is_key(path: Path) -> bool:
    """Whether a field is what an entry is told apart by."""
    return path[-2].startswith("k:") and path[-1] == "f:name"


def is_under(path: Path, fields: FieldSet) -> bool:
    """Whether a field is one of these, or lies in one."""
    return any(path[: len(each)] == each for each in fields)


@given(st.frozensets(PATHS, max_size=12))
def test_a_set_survives_the_wire(fields: frozenset[tuple[str, ...]]) -> None:
    assert decoded(encoded(fields)) == fields


def test_a_set_is_told_as_a_real_server_tells_it() -> None:
    fields = frozenset({("f:spec", "f:name"), ("f:spec",), ("f:spec", 'k:{"name":"a"}', "f:value")})

    assert encoded(fields) == {"f:spec": {".": {}, "f:name": {}, 'k:{"name":"a"}': {"f:value": {}}}}


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (("f:spec", "f:imageDigest"), ".spec.imageDigest"),
        (("f:spec", "f:parameters", 'k:{"name":"a"}', "f:value"), '.spec.parameters[name="a"].value'),
        (("f:metadata", "f:finalizers", 'v:"keep"'), '.metadata.finalizers[="keep"]'),
    ],
)
def test_a_path_is_spelled_as_conflicts_name_it(path: tuple[str, ...], text: str) -> None:
    assert spelled(path) == text


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
def test_what_is_merged_in_is_all_there_and_the_rest_as_it_was(kind: str, data: st.DataObject) -> None:
    shape, specs = KINDS[kind]
    live, applied = ({"spec": data.draw(specs)} for _ in range(2))

    both = merged(live, applied, shape)

    fields = fields_of(applied, shape)
    assert all(is_within(path, fields_of(both, shape)) for path in fields)
    told = frozenset(path for path in fields if path in fields_of(both, shape))
    assert same(extracted(both, told, shape), extracted(applied, told, shape))
    others = fields_of(live, shape) - fields
    changed = compared(live, both, shape)
    assert not {path for path in others if path in changed.modified}
    assert not changed.removed


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
def test_a_comparison_names_what_differs_and_nothing_else(kind: str, data: st.DataObject) -> None:
    shape, specs = KINDS[kind]
    before, after = ({"spec": data.draw(specs)} for _ in range(2))

    found = compared(before, after, shape)

    new, old = fields_of(after, shape), fields_of(before, shape)
    assert {path for path in new - old if not is_within(path, old)} <= found.added | found.modified
    assert {path for path in old - new if not is_within(path, new)} <= found.removed | found.modified
    assert not compared(after, after, shape).modified | compared(after, after, shape).added


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
def test_what_is_taken_away_is_gone_and_leaves_no_empty_shell(kind: str, data: st.DataObject) -> None:
    shape, specs = KINDS[kind]
    value: dict[str, Any] = {"spec": data.draw(specs)}
    every = fields_of(value, shape)
    # The keys of an entry go with it and never alone.
    takeable = sorted(path for path in every if len(path) > 1 and not is_key(path))
    gone = data.draw(st.frozensets(st.sampled_from(takeable))) if takeable else frozenset()

    left = without(value, gone, shape)

    kept = fields_of({} if left is ABSENT else left, shape)
    assert kept <= every
    assert not {path for path in kept if is_under(path, gone)}
    assert without(value, every, shape) is ABSENT or not every
