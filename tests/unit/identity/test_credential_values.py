"""Token texts, terms and proofs: unguessable, well-formed, compared in constant time, never shown."""

import ast
from base64 import b64decode
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

import plexsphere.identity
from plexsphere.identity.application.node_credentials import DrawNodeCredentials
from plexsphere.identity.domain.api_token import ApiToken, ApiTokenTerms, IssuedApiToken, RotatedApiToken
from plexsphere.identity.domain.bootstrap_token import BootstrapTokenTerms
from plexsphere.identity.domain.errors import InvalidApiToken, InvalidBootstrapToken
from plexsphere.identity.domain.principal import Principal, PrincipalKind
from plexsphere.identity.domain.pseudonym import Pseudonyms
from plexsphere.identity.domain.token_text import TokenKind, digest, row_id_in, token_text
from plexsphere.platform.kernel.ids import DomainId, NodeId, PrincipalId, TokenId
from plexsphere.platform.kernel.secret import Secret
from tests.support.identity import EPOCH, CountingEntropy, FakeSealer

ROW = UUID("0190a8e0-7c1b-7def-8123-456789abcdef")
TEXT = token_text(TokenKind.ENROLL, ROW, bytes(range(32)))
kinds = st.sampled_from(TokenKind)


@given(kinds, st.uuids(), st.binary(min_size=32, max_size=32))
def test_a_token_text_says_where_to_look(kind: TokenKind, row_id: UUID, entropy: bytes) -> None:
    text = token_text(kind, row_id, entropy)

    assert row_id_in(kind, text) == row_id
    assert all(row_id_in(other, text) is None for other in TokenKind if other is not kind)


def test_a_token_text_looks_as_documented() -> None:
    assert TEXT.reveal() == (
        "plx_enroll_0190a8e07c1b7def8123456789abcdef_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
    )


@pytest.mark.parametrize("size", [0, 16, 31, 33])
def test_a_token_carries_256_bits_and_nothing_else(size: int) -> None:
    """M09."""
    with pytest.raises(ValueError, match="32 random bytes"):
        token_text(TokenKind.API, ROW, bytes(size))


@given(st.data())
def test_an_altered_text_is_another_token(data: st.DataObject) -> None:
    """M09: every character counts, the unused bits of the last one included."""
    text = TEXT.reveal()
    place = data.draw(st.integers(0, len(text) - 1))
    other = data.draw(st.sampled_from("AZaz09_- \n").filter(lambda drawn: drawn != text[place]))
    altered = Secret(text[:place] + other + text[place + 1 :])

    assert row_id_in(TokenKind.ENROLL, altered) != ROW or digest(altered) != digest(TEXT)


@pytest.mark.parametrize(
    "text",
    [
        TEXT.reveal().upper(),
        TEXT.reveal() + "A",
        TEXT.reveal()[:-1],
        TEXT.reveal() + "\n",
        " " + TEXT.reveal(),
        TEXT.reveal().replace("0190", "٠١٩٠"),
        TEXT.reveal()[:11] + str(ROW) + TEXT.reveal()[43:],
    ],
    ids=["capitals", "longer", "shorter", "line feed", "blank", "foreign digits", "dashes"],
)
def test_a_malformed_text_names_no_row(text: str) -> None:
    """M02: the row id has one form."""
    assert row_id_in(TokenKind.ENROLL, Secret(text)) is None


def test_any_text_has_a_digest() -> None:
    assert len(digest(Secret("\ud800 and more"))) == 32


def test_a_bootstrap_token_lives_an_hour_by_default() -> None:
    """M09: time to live at most one hour by default."""
    terms = BootstrapTokenTerms()

    assert (terms.kind, terms.env_prefix, terms.ttl_seconds, terms.labels) == ("node", "prod", 3600, {})


@pytest.mark.parametrize(
    "terms",
    [
        {"kind": "bridge", "env_prefix": "a" * 32, "ttl_seconds": 300},
        {"ttl_seconds": 86_400, "labels": {"a/b.c_d-E": "", "k" * 63: "ü" * 255}},
        {"labels": {f"k{number}": "v" for number in range(64)}},
    ],
)
def test_the_widest_terms_are_good(terms: dict[str, object]) -> None:
    assert BootstrapTokenTerms(**terms)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("kind", "gateway"),
        ("kind", ""),
        ("env_prefix", ""),
        ("env_prefix", "Prod"),
        ("env_prefix", "a" * 33),
        ("env_prefix", "prod\n"),
        ("ttl_seconds", 299),
        ("ttl_seconds", 86_401),
        ("labels", {"": "v"}),
        ("labels", {"k" * 64: "v"}),
        ("labels", {"a b": "v"}),
        ("labels", {"k": "v" * 256}),
        ("labels", {"k": "\x00"}),
        ("labels", {"k": "a\u202eb"}),
        ("labels", {f"k{number}": "v" for number in range(65)}),
    ],
)
def test_bad_terms_name_the_field(field: str, value: object) -> None:
    with pytest.raises(InvalidBootstrapToken) as refusal:
        replace(BootstrapTokenTerms(), **{field: value})  # type: ignore[arg-type]

    assert refusal.value.args == (field,)


@pytest.mark.parametrize(
    ("env_prefix", "ttl_seconds", "field"),
    [
        ("live", 60, "env_prefix"),
        ("", 60, "env_prefix"),
        ("prod", 0, "ttl_seconds"),
        ("prod", 31_536_001, "ttl_seconds"),
    ],
)
def test_bad_terms_of_an_api_token_name_the_field(env_prefix: str, ttl_seconds: int, field: str) -> None:
    with pytest.raises(InvalidApiToken) as refusal:
        ApiTokenTerms(env_prefix, ttl_seconds)

    assert refusal.value.args == (field,)


def test_an_api_token_lives_ninety_days_by_default() -> None:
    assert timedelta(seconds=ApiTokenTerms("prod").ttl_seconds) == timedelta(days=90)
    assert ApiTokenTerms("dev", 1).ttl_seconds == 1
    assert ApiTokenTerms("stage", 31_536_000).ttl_seconds == 31_536_000


def test_nothing_that_holds_a_secret_shows_it() -> None:
    """H46."""
    draw = DrawNodeCredentials(CountingEntropy(), FakeSealer())
    credentials, kept = draw(DomainId(ROW), NodeId(ROW), 1)
    token = ApiToken(TokenId(ROW), PrincipalId(ROW), "prod", EPOCH, EPOCH)
    shown = "".join(
        map(
            repr,
            [
                credentials,
                IssuedApiToken(token, TEXT),
                RotatedApiToken(token, TEXT, EPOCH),
                Pseudonyms(Secret(b"pepper")),
            ],
        )
    )

    for canary in [credentials.node_token, credentials.node_secret_key, TEXT]:
        assert canary.reveal() not in shown
    assert "canary" not in shown
    assert credentials.node_token.reveal() not in repr(kept)


def test_a_node_secret_key_is_standard_base64_of_256_bits() -> None:
    credentials, _ = DrawNodeCredentials(CountingEntropy(), FakeSealer())(DomainId(ROW), NodeId(ROW), 1)

    assert len(b64decode(credentials.node_secret_key.reveal(), validate=True)) == 32
    assert row_id_in(TokenKind.NODE, credentials.node_token) == ROW


def test_no_digest_is_compared_with_an_operator() -> None:
    """M08: digests of secrets are compared by hmac.compare_digest alone."""
    offences = [
        f"{path.name}:{node.lineno}"
        for folder in plexsphere.identity.__path__
        for path in Path(folder).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.Eq | ast.NotEq)
        if "sha256" in (text := ast.unparse(node)) or "digest" in text
    ]

    assert offences == []


def principal(subject: str, domain: int | None = 1) -> Principal:
    domain_id = None if domain is None else DomainId(UUID(int=domain))
    at = datetime(2026, 1, 2, tzinfo=UTC)
    return Principal(PrincipalId(UUID(int=7)), domain_id, PrincipalKind.USER, "Ada", at, at, subject)


def test_a_pseudonym_is_64_hex_digits_that_say_nothing_without_the_pepper() -> None:
    """M09: identities go by a stable subject, never shown."""
    ours, theirs = Pseudonyms(Secret(b"a" * 32)), Pseudonyms(Secret(b"b" * 32))
    name = ours.identity(principal("ada@example.org")).external_subject_pseudonym

    assert len(name) == 64
    assert int(name, 16) >= 0
    assert name == ours.identity(principal("ada@example.org")).external_subject_pseudonym
    others = {
        theirs.identity(principal("ada@example.org")).external_subject_pseudonym,
        ours.identity(principal("eve@example.org")).external_subject_pseudonym,
        ours.identity(principal("ada@example.org", 2)).external_subject_pseudonym,
        ours.identity(principal("ada@example.org", None)).external_subject_pseudonym,
        ours.identity(principal("")).external_subject_pseudonym,
    }
    assert len(others) == 5
    assert name not in others
