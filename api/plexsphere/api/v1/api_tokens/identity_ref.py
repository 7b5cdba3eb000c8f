"""How the token routes name a principal: `user:<id>` or `service:<id>`."""

from typing import Final

from plexsphere.api.problem import Problem, Refusal
from plexsphere.platform.kernel.ids import parse_id
from plexsphere.platform.kernel.subjects import Reference

PATTERN: Final = "^(user|service):.{36}$"
SUBJECT_TYPES: Final = {"user": "user", "service": "service-identity"}


def principal_of(text: str, problem: Problem) -> Reference:
    """
    Return the principal.

    Raises:
        Refusal: the problem, when the text names none.
    """
    kind, _, name = text.partition(":")
    try:
        return Reference(SUBJECT_TYPES[kind], str(parse_id(name)))
    except (KeyError, ValueError):
        raise Refusal(problem) from None


def kind_of(principal: Reference) -> str:
    """Return `user` or `service`."""
    return next(kind for kind, subject_type in SUBJECT_TYPES.items() if subject_type == principal.type)
