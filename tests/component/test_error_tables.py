"""Every error a context lets escape has an answer."""

from collections.abc import Iterator
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType
from typing import Final

import pytest

from plexsphere.composition import bridges
from plexsphere.identity.domain import authorization_errors
from plexsphere.identity.domain import errors as identity_errors
from plexsphere.identity.domain.errors import IdentityError
from plexsphere.managed_push.domain import errors as managed_push_errors
from plexsphere.managed_push.domain.errors import ManagedPushError
from plexsphere.policy.domain import errors as policy_errors
from plexsphere.policy.domain.errors import PolicyError
from tests.support.api import routed

# Answered without a table: by the gate, by the node routes that raise their own, or by a boot that fails.
ANSWERED_OTHERWISE: Final = {
    identity_errors.CredentialRefused,
    authorization_errors.AuthzUnavailable,
    authorization_errors.PermissionDenied,
    authorization_errors.PromotionRefused,
    identity_errors.TokenInvalid,
    identity_errors.NodeIdentityNotFound,
    identity_errors.WrapKeyMismatch,
    identity_errors.SigningKeyMissing,
    # Fleet's words for it are answered.
    policy_errors.InvalidSandbox,
    # What an error names, not what went wrong: neither is raised itself.
    managed_push_errors.OfDomain,
    managed_push_errors.OfPush,
    # The settings refuse such a key before anything is built, and a boot fails with another one.
    managed_push_errors.SealerMisconfigured,
    managed_push_errors.WrapKeyMismatch,
}


def bridge_modules() -> Iterator[ModuleType]:
    for found in iter_modules(bridges.__path__, f"{bridges.__name__}."):
        yield import_module(found.name)


def tables() -> Iterator[dict[type[Exception], object]]:
    for module in bridge_modules():
        for name, value in vars(module).items():
            if name.endswith("PROBLEM_OF"):
                yield dict(value)


def descendants(base: type[Exception]) -> Iterator[type[Exception]]:
    for child in base.__subclasses__():
        yield child
        yield from descendants(child)


@pytest.mark.parametrize(
    "base", [IdentityError, ManagedPushError, PolicyError], ids=lambda base: base.__name__
)
def test_every_error_of_a_context_has_an_entry_in_a_bridge(base: type[Exception]) -> None:
    answered = {error for table in tables() for error in table}

    assert set(descendants(base)) - answered - ANSWERED_OTHERWISE == set()


def test_nothing_is_answered_twice_over() -> None:
    answered = {error for table in tables() for error in table}

    assert answered & ANSWERED_OTHERWISE == set()


def test_every_problem_of_an_operators_bridge_is_declared_by_an_operation() -> None:
    declared = {problem for operation in routed() for problem in operation.every_problem}
    surfaces = [
        "domains",
        "projects",
        "identities",
        "api_tokens",
        "bootstrap_tokens",
        "authz",
        "policies",
        "executions",
        "integrity",
        "managed_push",
        "artifacts",
        "reachability",
    ]

    for name in surfaces:
        module = import_module(f"{bridges.__name__}.{name}")
        used = {
            problem
            for table, value in vars(module).items()
            if table.endswith("PROBLEM_OF")
            for problem in value.values()
        }
        assert used <= declared, name
