"""Definitions of actions as rows."""

from collections.abc import Mapping
from typing import Any

from plexsphere.policy.domain.actions.definition import ActionDefinition, ActionType, ParameterDefinition


def definition_given(definition: ActionDefinition) -> dict[str, object]:
    """Return what is stored of a definition beside its type and name."""
    return {
        "parameters": None if definition.parameters is None else list(map(_given, definition.parameters)),
        "timeout_seconds": definition.timeout_seconds,
        "privileged": definition.privileged,
        "source": definition.source,
        "checksum": definition.checksum,
    }


def definition_of(action_type: ActionType, name: str, stored: Mapping[str, Any]) -> ActionDefinition:
    """Return a stored definition."""
    parameters = stored["parameters"]
    return ActionDefinition(
        action_type,
        name,
        None if parameters is None else tuple(ParameterDefinition(**each) for each in parameters),
        stored["timeout_seconds"],
        stored["privileged"],
        stored["source"],
        stored["checksum"],
    )


def _given(parameter: ParameterDefinition) -> dict[str, object]:
    return {
        "name": parameter.name,
        "type": parameter.type,
        "required": parameter.required,
        "default": parameter.default,
    }
