"""Definitions of actions as rows."""

from collections.abc import Mapping
from typing import Any

from plexsphere.policy.domain.actions.definition import ActionDefinition, ActionType, ParameterDefinition


def definition_given(definition: ActionDefinition) -> dict[str, object]:
    """Return what is stored of a definition beside its type and name."""
    return {
        "parameters": [
            {"name": each.name, "type": each.type, "required": each.required, "default": each.default}
            for each in definition.parameters
        ],
        "timeout_seconds": definition.timeout_seconds,
        "privileged": definition.privileged,
        "source": definition.source,
        "checksum": definition.checksum,
    }


def definition_of(action_type: ActionType, name: str, stored: Mapping[str, Any]) -> ActionDefinition:
    """Return a stored definition."""
    return ActionDefinition(
        action_type,
        name,
        tuple(ParameterDefinition(**each) for each in stored["parameters"]),
        stored["timeout_seconds"],
        stored["privileged"],
        stored["source"],
        stored["checksum"],
    )
