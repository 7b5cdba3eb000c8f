"""Domains, Projects, service identities and their drafts refuse what breaks a rule."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plexsphere.identity.domain.domain import Domain, DomainChanges, DomainDraft
from plexsphere.identity.domain.errors import (
    EmptyPatch,
    InvalidDomain,
    InvalidProject,
    InvalidReachabilityPolicy,
    InvalidServiceIdentity,
    SlugImmutable,
)
from plexsphere.identity.domain.naming import is_prose, is_slug, is_title
from plexsphere.identity.domain.principal import FederationKind, PrincipalKind, ServiceIdentityDraft
from plexsphere.identity.domain.project import ProjectChanges, ProjectDraft
from plexsphere.identity.domain.reachability_policy import ReachabilityPolicy
from plexsphere.platform.kernel.ids import DomainId, PrincipalId, ProjectId

AT = datetime(2026, 1, 2, tzinfo=UTC)
LATER = datetime(2026, 1, 3, tzinfo=UTC)
ID = DomainId(UUID(int=1))


def drawn(**fields: object) -> Domain:
    return replace(DomainDraft("acme", "Acme"), **fields).drawn(ID, AT)  # type: ignore[arg-type]


@pytest.mark.parametrize("slug", ["a", "0", "acme", "a-b-0", "x" * 64])
def test_a_slug_is_words_joined_by_dashes(slug: str) -> None:
    assert is_slug(slug)


@pytest.mark.parametrize(
    "slug",
    ["", "-", "a-", "-a", "a--b", "A", "a_b", "a b", "a\n", "ä", "\u0430cme", "x" * 65, "a.b", "$(id)"],
)
def test_a_slug_is_nothing_else(slug: str) -> None:
    """M01: lookalikes, capitals, line feeds, shell text."""
    assert not is_slug(slug)


@pytest.mark.parametrize(
    "text", ["a\n", "a\x00b", "\x7f", "a\u202eb", "\u2067a", "a\ud800", "\u2028", "   ", ""]
)
def test_a_title_reads_as_it_is_stored(text: str) -> None:
    """M01: no control characters, no text that turns another way than it is stored."""
    assert not is_title(text, 255)


@pytest.mark.parametrize("text", ["Acme", "Ä & Söhne", "山田　商店", "עברית", "👩‍💻"])
def test_a_title_may_be_in_any_script(text: str) -> None:
    assert is_title(text, 255)


def test_prose_may_have_lines_and_may_be_missing() -> None:
    assert is_prose("one\ntwo\tthree", 100)
    assert is_prose("", 100)
    assert not is_prose("x" * 101, 100)
    assert not is_prose("a\x00", 100)


def test_a_domain_has_sensible_defaults() -> None:
    domain = drawn()

    assert str(domain.mesh_range) == "10.100.0.0/16"
    assert (domain.description, domain.region, domain.accept_nsk_bearer) == ("", None, False)
    assert domain.reachability == ReachabilityPolicy(30)
    assert (domain.created_at, domain.updated_at) == (AT, AT)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("slug", "Acme"),
        ("name", ""),
        ("name", "x" * 256),
        ("description", "x" * 1025),
        ("region", ""),
        ("region", "EU"),
        ("mesh_cidr", "10.100.0.1/16"),
        ("mesh_cidr", "10.0.0.0/7"),
        ("mesh_cidr", "10.0.0.0/30"),
        ("mesh_cidr", "fd00::/64"),
        ("mesh_cidr", "all of it"),
    ],
)
def test_a_domain_names_the_field_that_breaks_its_rule(field: str, value: str) -> None:
    with pytest.raises(InvalidDomain) as refusal:
        drawn(**{field: value})

    assert refusal.value.args == (field,)


def test_changes_touch_what_they_name_and_the_time() -> None:
    domain = drawn(description="old", region="eu")

    changed = DomainChanges(name="New", mesh_cidr="10.0.0.0/20").applied_to(domain, LATER)

    assert (changed.name, str(changed.mesh_range)) == ("New", "10.0.0.0/20")
    assert (changed.description, changed.region, changed.slug) == ("old", "eu", "acme")
    assert (changed.created_at, changed.updated_at) == (AT, LATER)


def test_changes_can_empty_unpin_and_switch_off() -> None:
    domain = drawn(description="old", region="eu", accept_nsk_bearer=True)

    changed = DomainChanges(description="", region="", accept_nsk_bearer=False).applied_to(domain, LATER)

    assert (changed.description, changed.region, changed.accept_nsk_bearer) == ("", None, False)


def test_changes_obey_the_rules_of_a_domain() -> None:
    with pytest.raises(InvalidDomain):
        DomainChanges(name="\n").applied_to(drawn(), LATER)


@pytest.mark.parametrize("changes", [DomainChanges(slug="other"), DomainChanges(slug="acme", name="New")])
def test_a_slug_never_changes(changes: DomainChanges) -> None:
    with pytest.raises(SlugImmutable):
        changes.require_some()


def test_a_patch_changes_something() -> None:
    with pytest.raises(EmptyPatch):
        DomainChanges().require_some()
    with pytest.raises(EmptyPatch):
        ProjectChanges().require_some()
    with pytest.raises(SlugImmutable):
        ProjectChanges(slug="other").require_some()
    DomainChanges(accept_nsk_bearer=False).require_some()
    ProjectChanges(description="").require_some()


@pytest.mark.parametrize(("field", "value"), [("slug", "a--b"), ("name", " "), ("description", "\x00")])
def test_a_project_names_the_field_that_breaks_its_rule(field: str, value: str) -> None:
    draft = replace(ProjectDraft(ID, "shop", "Shop"), **{field: value})  # type: ignore[arg-type]

    with pytest.raises(InvalidProject) as refusal:
        draft.drawn(ProjectId(UUID(int=2)), AT)

    assert refusal.value.args == (field,)


@given(st.integers(1, 3600))
def test_staleness_is_three_intervals_and_unreachability_ten(interval: int) -> None:
    policy = ReachabilityPolicy.of(interval, 3 * interval, 10 * interval)

    assert policy == ReachabilityPolicy(interval)
    assert (policy.stale_after, policy.unreachable_after) == (3 * interval, 10 * interval)


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ((0,), "heartbeat_interval"),
        ((-30,), "heartbeat_interval"),
        ((3601,), "heartbeat_interval"),
        ((30, 91), "stale_after"),
        ((30, 0), "stale_after"),
        ((30, 90, 301), "unreachable_after"),
    ],
)
def test_any_other_policy_is_refused(arguments: tuple[int, ...], field: str) -> None:
    with pytest.raises(InvalidReachabilityPolicy) as refusal:
        ReachabilityPolicy.of(*arguments)

    assert refusal.value.args == (field,)


DRAFT = ServiceIdentityDraft(ID, "CI", "spiffe://acme/ci", "plexsphere", "spiffe_svid")


def test_a_service_identity_is_drawn_as_wanted() -> None:
    principal = DRAFT.drawn(PrincipalId(UUID(int=5)), AT)

    assert (principal.kind, principal.federation_kind) == (
        PrincipalKind.SERVICE_IDENTITY,
        FederationKind.SPIFFE_SVID,
    )
    assert str(principal.reference) == f"service-identity:{UUID(int=5)}"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("display_name", ""),
        ("display_name", "x" * 257),
        ("subject", ""),
        ("subject", "x" * 2049),
        ("subject", "ä"),
        ("audience", ""),
        ("audience", "x" * 257),
        ("federation_kind", "password"),
        ("federation_kind", "API_TOKEN"),
    ],
)
def test_a_service_identity_names_the_field_that_breaks_its_rule(field: str, value: str) -> None:
    draft = replace(DRAFT, **{field: value})  # type: ignore[arg-type]

    with pytest.raises(InvalidServiceIdentity) as refusal:
        draft.drawn(PrincipalId(UUID(int=5)), AT)

    assert refusal.value.args == (field,)
