"""Parameters are what the node announced, in the types that it announced."""

import json
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plexsphere.fleet.domain.wire_json import wire_json
from plexsphere.policy.domain.actions.definition import ActionDefinition, ActionType, ParameterDefinition
from plexsphere.policy.domain.actions.errors import InvalidParameters, ParameterFault
from plexsphere.policy.domain.actions.parameters import MOST_BYTES, as_json, require_fitting

DEFINITION: Final = ActionDefinition(
    ActionType.HOOK,
    "backup",
    (
        ParameterDefinition("target", "string", required=True),
        ParameterDefinition("compress", "bool", default="true"),
        ParameterDefinition("level", "int", required=True, default="3"),
        ParameterDefinition("since", "duration"),
    ),
)


@pytest.mark.parametrize(
    "parameters",
    [
        {"target": "/srv"},
        {"target": "", "compress": False, "level": -(2**63), "since": "5m"},
        {"target": "/srv", "since": 5},
        {"target": "/srv", "since": True},
        {"target": "/srv", "since": 0.5},
    ],
)
def test_announced_parameters_in_their_types_fit(parameters: dict[str, Any]) -> None:
    require_fitting(parameters, DEFINITION)

    assert json.loads(as_json(parameters)) == parameters


@pytest.mark.parametrize(
    ("parameters", "fault"),
    [
        ({}, ParameterFault.MISSING),
        ({"compress": True}, ParameterFault.MISSING),
        ({"target": "/srv", "force": True}, ParameterFault.UNKNOWN),
        ({"target": 1}, ParameterFault.WRONG_TYPE),
        ({"target": None}, ParameterFault.WRONG_TYPE),
        ({"target": "/srv", "compress": "true"}, ParameterFault.WRONG_TYPE),
        ({"target": "/srv", "compress": 1}, ParameterFault.WRONG_TYPE),
        ({"target": "/srv", "level": True}, ParameterFault.WRONG_TYPE),
        ({"target": "/srv", "level": "3"}, ParameterFault.WRONG_TYPE),
        ({"target": "/srv", "level": 2**63}, ParameterFault.WRONG_TYPE),
        ({"target": "/srv", "since": {}}, ParameterFault.WRONG_TYPE),
        ({"target": "/srv", "since": ["5m"]}, ParameterFault.WRONG_TYPE),
        ({"target": "/srv", "since": None}, ParameterFault.WRONG_TYPE),
    ],
)
def test_anything_else_is_refused_by_its_fault(parameters: dict[str, Any], fault: ParameterFault) -> None:
    with pytest.raises(InvalidParameters) as refusal:
        require_fitting(parameters, DEFINITION)

    assert refusal.value.fault is fault


def test_an_action_without_parameters_takes_none() -> None:
    require_fitting({}, ActionDefinition(ActionType.BUILTIN, "system.info"))

    with pytest.raises(InvalidParameters):
        require_fitting({"a": 1}, ActionDefinition(ActionType.BUILTIN, "system.info"))


UNKNOWN: Final = ActionDefinition(ActionType.BUILTIN, "system.info", parameters=None)


def test_an_action_of_which_nobody_knows_what_it_takes_takes_any_scalars() -> None:
    require_fitting({}, UNKNOWN)
    require_fitting({"a": 1, "b": "x", "c": False, "d": 0.5}, UNKNOWN)


@pytest.mark.parametrize("value", [[], {}, None, 2**63])
def test_what_is_no_scalar_is_taken_by_no_action(value: Any) -> None:
    with pytest.raises(InvalidParameters) as refusal:
        require_fitting({"a": value}, UNKNOWN)

    assert refusal.value.fault is ParameterFault.WRONG_TYPE


def test_what_is_added_need_not_be_announced_is_not_missing_and_excuses_nothing_else() -> None:
    require_fitting({"target": 5, "extra": []}, DEFINITION, added=("target", "extra"))

    with pytest.raises(InvalidParameters):
        require_fitting({"target": "/srv", "extra": 1, "more": 1}, DEFINITION, added=("extra",))


def test_parameters_fit_into_an_event() -> None:
    assert len(as_json({"a": "x" * (MOST_BYTES - 8)})) == MOST_BYTES

    with pytest.raises(InvalidParameters) as refusal:
        as_json({"a": "x" * (MOST_BYTES - 7)})
    assert refusal.value.fault is ParameterFault.TOO_LARGE


@pytest.mark.parametrize("character", ["<", "&", "é", "\U0001f600"])
def test_what_counts_is_the_room_that_parameters_take_on_the_stream(character: str) -> None:
    """One text is one line there, whatever its characters become; agents end a stream at a line of 64 KiB."""
    each = len(wire_json(character)) - 2
    most = (MOST_BYTES - 8) // each

    told = wire_json(json.loads(as_json({"a": character * most})))

    assert MOST_BYTES - each < len(told) <= MOST_BYTES
    with pytest.raises(InvalidParameters):
        as_json({"a": character * (most + 1)})


@given(st.dictionaries(st.text(max_size=8), st.text(max_size=8) | st.booleans() | st.integers(), max_size=8))
def test_equal_parameters_give_the_same_text(parameters: dict[str, Any]) -> None:
    assert as_json(parameters) == as_json(dict(reversed(parameters.items())))
    assert as_json(parameters).isascii()
