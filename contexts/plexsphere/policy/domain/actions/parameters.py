"""Parameters of an action, held against what a node announced (plexd.md, ParameterDef)."""

import json
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, Final

from plexsphere.policy.domain.actions.definition import ActionDefinition, ParameterDefinition
from plexsphere.policy.domain.actions.errors import InvalidParameters, ParameterFault

# They travel within one event, whose lines agents read up to 64 KiB; one long text cannot be cut into two lines.
MOST_BYTES: Final = 16 * 1024
# Each is six bytes on the stream (design D21).
ESCAPED_THERE: Final = "<>&"
MOST_INT: Final = 2**63


def _is_int(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and -MOST_INT <= value < MOST_INT


def _is_scalar(value: object) -> bool:
    return isinstance(value, str | float) or isinstance(value, bool) or _is_int(value)


FITS: Final[Mapping[str, Callable[[object], bool]]] = {
    "string": lambda value: isinstance(value, str),
    "bool": lambda value: isinstance(value, bool),
    "int": _is_int,
}


def as_json(parameters: Mapping[str, Any]) -> str:
    """
    Return the JSON object that nodes are told; equal parameters give the same text.

    Raises:
        InvalidParameters: on the stream it takes more than 16 KiB.
    """
    text = json.dumps(parameters, separators=(",", ":"), sort_keys=True)
    if len(text) + 5 * sum(map(text.count, ESCAPED_THERE)) > MOST_BYTES:
        raise InvalidParameters(ParameterFault.TOO_LARGE)
    return text


def require_fitting(
    parameters: Mapping[str, Any], definition: ActionDefinition, added: Collection[str] = ()
) -> None:
    """
    Let pass what a node with this definition can take; values that are left out are the agent's to fill.

    Those `added` by the control plane need not be announced, and are not missing. Where it is not known what the node
    takes, any names with scalar values pass.

    Raises:
        InvalidParameters: unknown, missing, or of another type than announced.
    """
    named = {name: value for name, value in parameters.items() if name not in added}
    if definition.parameters is None:
        types = dict.fromkeys(named, "")
    else:
        types = {each.name: each.type for each in definition.parameters}
        if not named.keys() <= types.keys():
            raise InvalidParameters(ParameterFault.UNKNOWN)
        if _required(definition.parameters) - parameters.keys():
            raise InvalidParameters(ParameterFault.MISSING)
    if not all(FITS.get(types[name], _is_scalar)(value) for name, value in named.items()):
        raise InvalidParameters(ParameterFault.WRONG_TYPE)


def _required(announced: Iterable[ParameterDefinition]) -> set[str]:
    return {each.name for each in announced if each.required and each.default is None}
