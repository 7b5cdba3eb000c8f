"""Sets of fields, as managedFields tells them."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from plexsphere.managed_push.domain.field_set import extracted, union, without

names = st.sampled_from(["a", "b", "c"])
values = st.recursive(
    st.integers(0, 3) | st.text("xy", max_size=2),
    lambda below: st.dictionaries(names, below, max_size=3),
    max_leaves=8,
)
objects = st.dictionaries(names, values, max_size=3)


def fields_of(value: Any) -> Any:
    """Return the set of every field of a value."""
    if not isinstance(value, dict) or not value:
        return {}
    return {".": {}, **{f"f:{name}": fields_of(each) for name, each in value.items()}}


def some_of(value: Any) -> st.SearchStrategy[Any]:
    """Draw a set of some of a value's fields."""
    if not isinstance(value, dict) or not value:
        return st.just({})
    kept = st.lists(st.sampled_from(sorted(value)), unique=True)
    return kept.flatmap(
        lambda names: st.fixed_dictionaries({f"f:{name}": some_of(value[name]) for name in names})
    )


@given(objects)
def test_all_fields_of_a_value_are_the_value(value: Any) -> None:
    assert extracted(value, fields_of(value)) == value


@given(st.data())
def test_what_is_extracted_is_extracted_again(data: st.DataObject) -> None:
    value = data.draw(objects)
    fields = data.draw(some_of(value).filter(bool) if value else st.just({"f:z": {}}))

    once = extracted(value, fields)

    assert extracted(once, fields) == once


@given(objects)
def test_what_others_have_too_stays(value: Any) -> None:
    assert without(value, fields_of(value), fields_of(value)) == value


@given(objects)
def test_what_nobody_else_has_goes(value: Any) -> None:
    assert without(value, fields_of(value), {}) == {}


@given(st.data())
def test_what_goes_is_ours_and_what_others_name_is_unchanged(data: st.DataObject) -> None:
    value = data.draw(objects)
    ours, others = (
        data.draw(some_of(value)),
        data.draw(some_of(value).filter(bool) if value else st.just({"f:z": {}})),
    )

    left = without(value, ours, others)

    assert extracted(left, others) == extracted(value, others)


@given(st.data())
def test_a_union_names_what_either_names(data: st.DataObject) -> None:
    value = data.draw(objects.filter(bool))
    one, other = data.draw(some_of(value).filter(bool)), data.draw(some_of(value).filter(bool))

    both = extracted(value, union(one, other))

    assert extracted(both, one) == extracted(value, one)
    assert extracted(both, other) == extracted(value, other)


def test_an_entry_of_a_list_is_found_by_its_keys_and_keeps_them() -> None:
    value = {"parameters": [{"name": "a", "value": "1"}, {"name": "b", "value": "2", "hint": "x"}]}
    fields: dict[str, Any] = {"f:parameters": {'k:{"name":"b"}': {".": {}, "f:value": {}}}}

    assert extracted(value, fields) == {"parameters": [{"name": "b", "value": "2"}]}


def test_a_value_of_a_set_is_found_by_itself() -> None:
    value = {"finalizers": ["one", "two"]}

    assert extracted(value, {"f:finalizers": {'v:"two"': {}}}) == {"finalizers": ["two"]}
    assert without(value, {"f:finalizers": {'v:"two"': {}}}, {"f:finalizers": {'v:"one"': {}}}) == {
        "finalizers": ["one"]
    }


def test_an_entry_that_two_brought_loses_only_what_one_brought_alone() -> None:
    value = {"parameters": [{"name": "a", "value": "1", "hint": "x"}, {"name": "b", "value": "2"}]}
    ours: dict[str, Any] = {
        "f:parameters": {'k:{"name":"a"}': {"f:name": {}, "f:hint": {}}, 'k:{"name":"b"}': {"f:value": {}}}
    }
    others: dict[str, Any] = {"f:parameters": {'k:{"name":"a"}': {".": {}, "f:name": {}, "f:value": {}}}}

    assert without(value, ours, others) == {"parameters": [{"name": "a", "value": "1"}]}


def test_a_set_that_names_the_container_alone_names_it_empty() -> None:
    assert extracted({"annotations": {"a": "1"}}, {"f:annotations": {".": {}}}) == {"annotations": {}}
