"""How identity's errors become problems of a surface."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from plexsphere.api.callers import AuthorizationAway
from plexsphere.api.problem import Problem, Refusal
from plexsphere.identity.domain import errors
from plexsphere.identity.domain.authorization_errors import AuthzUnavailable

NAMING_A_FIELD: Final = (
    errors.InvalidApiToken,
    errors.InvalidBootstrapToken,
    errors.InvalidDomain,
    errors.InvalidProject,
    errors.InvalidReachabilityPolicy,
    errors.InvalidServiceIdentity,
)
# Published clients read every count, also of what this deployment does not have.
DOMAIN_CHILDREN: Final = {"projects": 0, "groups": 0, "identities": 0, "idp_bindings": 0, "nodes": 0}
PROJECT_CHILDREN: Final = {"resources": 0, "nodes": 0, "relation_tuples": 0}

ProblemOf = Mapping[type[errors.IdentityError], Problem]


@contextmanager
def translated(problem_of: ProblemOf) -> Generator[None]:
    """Refuse with the surface's problems; an error that the table does not know passes."""
    try:
        yield
    except AuthzUnavailable as error:
        raise AuthorizationAway from error
    except errors.IdentityError as error:
        problem = problem_of.get(type(error))
        if problem is None:
            raise
        raise Refusal(problem, _detail(error, problem), extra=_counts(error)) from error


def _detail(error: errors.IdentityError, problem: Problem) -> str:
    return f"{error.args[0]}: {problem.title}" if isinstance(error, NAMING_A_FIELD) else problem.title


def _counts(error: errors.IdentityError) -> Mapping[str, Any]:
    if isinstance(error, errors.DomainNotEmpty):
        return {"child_counts": {**DOMAIN_CHILDREN, **error.child_counts}}
    if isinstance(error, errors.ProjectNotEmpty):
        return {"project_child_counts": {**PROJECT_CHILDREN, **error.child_counts}}
    return {}
