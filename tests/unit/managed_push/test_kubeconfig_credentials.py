"""What a kubeconfig brings in-band: a token, a certificate with its key, the cluster's CA (arm 13)."""

from base64 import b64encode
from time import process_time
from typing import Any, Final

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from plexsphere.managed_push.adapters.yaml_kubeconfig_reader import YamlKubeconfigReader
from plexsphere.managed_push.domain.cluster_access import ClientCertificate, ClusterAccess
from plexsphere.managed_push.domain.egress import EgressPolicy
from plexsphere.managed_push.domain.errors import Arm, KubeconfigInvalid
from plexsphere.managed_push.domain.kubeconfig import LONGEST_TOKEN
from plexsphere.platform.kernel.secret import Secret
from tests.support.kubeconfig_documents import (
    a_certificate,
    an_authority,
    as_yaml,
    base64,
    document,
    kubeconfig,
    pem,
    signed_by_itself,
)

RSA_KEY: Final = rsa.generate_private_key(65_537, 2_048)
CERTIFICATE: Final = a_certificate()


def read(octets: bytes) -> ClusterAccess:
    return YamlKubeconfigReader(EgressPolicy).read(Secret(octets))


def is_refused(octets: bytes) -> bool:
    with pytest.raises(KubeconfigInvalid) as refused:
        read(octets)
    return refused.value.arm is Arm.NO_USABLE_CONFIG


def with_key(key: str, certificate: str = CERTIFICATE.certificate) -> bytes:
    return kubeconfig(client_certificate=ClientCertificate(certificate, Secret(key)))


def test_somebody_must_be_let_in() -> None:
    assert is_refused(kubeconfig(token=None))
    assert is_refused(kubeconfig(token=None, whole={"users": [{"name": "pusher"}]}))
    assert is_refused(kubeconfig(token=None, whole={"users": [{"name": "pusher", "user": None}]}))


@pytest.mark.parametrize(
    "token",
    [
        "",
        " ",
        "a b",
        " a",
        "a ",
        "a\n",
        "a\r\nX-Forwarded-For: b",
        "a\tb",
        "a\x00",
        "a\x7f",
        "\N{LATIN SMALL LETTER E WITH ACUTE}",
        "a\N{ZERO WIDTH SPACE}",
        "a" * (LONGEST_TOKEN + 1),
        12345,
        0o123,
        1.5,
        True,
        False,
        ["a"],
        {"a": "b"},
    ],
)
def test_a_token_is_a_text_that_fits_into_one_header(token: object) -> None:
    """C16: neither spaces, line ends nor anything beyond ASCII, and no value that only looks like a text."""
    assert is_refused(kubeconfig(user={"token": token}))


@pytest.mark.parametrize(
    "written", ["0123", "1.5e+3", "2026-11-22", "no", "0x1F", "1_000", "1:30", ".inf", "=", "<<"]
)
def test_a_token_that_yaml_takes_for_something_else_must_be_quoted(written: str) -> None:
    """C16: such a token would be sent as another text than the one that was written."""
    octets = kubeconfig(token="PLACE")

    assert is_refused(octets.replace(b"PLACE", written.encode()))
    assert read(octets.replace(b"PLACE", f'"{written}"'.encode())).token == Secret(written)


def test_the_longest_token_is_taken() -> None:
    assert read(kubeconfig(token="a" * LONGEST_TOKEN)).token == Secret("a" * LONGEST_TOKEN)


@pytest.mark.parametrize(
    "key",
    [
        ec.generate_private_key(ec.SECP256R1()),
        ec.generate_private_key(ec.SECP384R1()),
        ec.generate_private_key(ec.SECP521R1()),
        ed25519.Ed25519PrivateKey.generate(),
        RSA_KEY,
    ],
    ids=lambda key: type(key).__name__,
)
def test_a_certificate_and_its_key_let_somebody_in(key: Any) -> None:
    pair = ClientCertificate(signed_by_itself(key), Secret(pem(key)))

    assert read(kubeconfig(token=None, client_certificate=pair)).client_certificate == pair


@pytest.mark.parametrize("key", [RSA_KEY, ec.generate_private_key(ec.SECP256R1())], ids=["rsa", "ec"])
def test_keys_in_their_traditional_form_are_taken_and_written_anew(key: Any) -> None:
    certificate = signed_by_itself(key)
    traditional = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode()

    access = read(with_key(traditional, certificate))

    assert access.client_certificate == ClientCertificate(certificate, Secret(pem(key)))


@pytest.mark.parametrize(
    "missing",
    ["client-certificate-data", "client-key-data"],
)
def test_half_a_pair_lets_nobody_in(missing: str) -> None:
    """C16: not even beside a token."""
    assert is_refused(kubeconfig(client_certificate=CERTIFICATE, user={missing: None}))
    assert is_refused(kubeconfig(client_certificate=CERTIFICATE, user={missing: ""}))


def encrypted(form: PrivateFormat) -> str:
    return RSA_KEY.private_bytes(Encoding.PEM, form, BestAvailableEncryption(b"phrase")).decode()


@pytest.mark.parametrize(
    "key",
    [
        pem(ec.generate_private_key(ec.SECP256R1())),
        pem(RSA_KEY),
        "no key",
        CERTIFICATE.certificate,
        CERTIFICATE.key.reveal()[:-60],
        CERTIFICATE.key.reveal().replace("M", "N", 1),
    ],
    ids=["another's", "another kind", "text", "a certificate", "cut", "altered"],
)
def test_a_key_is_the_one_of_its_certificate(key: str) -> None:
    assert is_refused(with_key(key))


@pytest.mark.parametrize("form", [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL])
def test_an_encrypted_key_is_refused_and_nobody_is_asked_for_its_phrase(form: PrivateFormat) -> None:
    """C16: OpenSSL would ask on the terminal, and wait."""
    assert is_refused(with_key(encrypted(form), signed_by_itself(RSA_KEY)))


@pytest.mark.parametrize(
    "key",
    [
        ec.generate_private_key(ec.SECP256K1()),
        ed448.Ed448PrivateKey.generate(),
        rsa.generate_private_key(65_537, 1_024),
    ],
    ids=["a curve that TLS has not", "Ed448", "too short"],
)
def test_a_key_that_tls_clients_do_not_use_is_refused(key: Any) -> None:
    certificate = (
        signed_by_itself(key) if not isinstance(key, ed448.Ed448PrivateKey) else CERTIFICATE.certificate
    )

    assert is_refused(with_key(pem(key), certificate))


PARTS: Final = ("d", "p", "q", "dmp1", "dmq1", "iqmp")


def length(octets: bytes) -> bytes:
    size = len(octets)
    if size < 128:
        return bytes([size])
    told = size.to_bytes(size.bit_length() // 8 + 1).lstrip(b"\0")
    return bytes([128 + len(told)]) + told


def integer(value: int) -> bytes:
    octets = value.to_bytes(value.bit_length() // 8 + 1)
    return b"\x02" + length(octets) + octets


def rsa_key(**parts: int) -> str:
    """The PEM of the RSA key with other parts, as no library would write it."""
    numbers = RSA_KEY.private_numbers()
    d, p, q, *rest = (parts.get(name, getattr(numbers, name)) for name in PARTS)
    n, e = parts.get("n", numbers.public_numbers.n), parts.get("e", numbers.public_numbers.e)
    octets = b"".join(map(integer, (0, n, e, d, p, q, *rest)))
    body = b64encode(b"\x30" + length(octets) + octets).decode()
    return f"-----BEGIN RSA PRIVATE KEY-----\n{body}\n-----END RSA PRIVATE KEY-----\n"


def test_an_rsa_key_written_by_hand_is_read() -> None:
    assert read(with_key(rsa_key(), signed_by_itself(RSA_KEY))).client_certificate is not None


@pytest.mark.parametrize("name", ["n", "e", *PARTS])
@pytest.mark.parametrize("change", [2, 1 << 40_000], ids=["wrong", "huge"])
def test_an_rsa_key_whose_parts_do_not_belong_together_is_refused(name: str, change: int) -> None:
    """H23: with a part of any size, one signature in a handshake would take minutes."""
    numbers = RSA_KEY.private_numbers()
    owner = numbers.public_numbers if name in {"n", "e"} else numbers

    forged = rsa_key(**{name: getattr(owner, name) + change})

    started = process_time()
    assert is_refused(with_key(forged, signed_by_itself(RSA_KEY)))
    assert process_time() - started < 0.2


def test_no_part_of_an_rsa_key_is_longer_for_being_congruent() -> None:
    """H23: such parts belong together, and hold a handshake all the same."""
    numbers = RSA_KEY.private_numbers()
    p, q, n, e = numbers.p, numbers.q, numbers.public_numbers.n, numbers.public_numbers.e
    order = (p - 1) * (q - 1)
    certificate = signed_by_itself(RSA_KEY)

    assert is_refused(with_key(rsa_key(d=numbers.d + (order << 30_000)), certificate))
    assert is_refused(with_key(rsa_key(iqmp=numbers.iqmp + (p << 30_000)), certificate))
    assert is_refused(with_key(rsa_key(p=1, q=n), certificate))
    assert is_refused(with_key(*of_exponent(e + order)))


def test_an_rsa_key_that_does_not_undo_its_exponent_is_refused() -> None:
    numbers = RSA_KEY.private_numbers()
    d = numbers.d + 2

    forged = rsa_key(d=d, dmp1=d % (numbers.p - 1), dmq1=d % (numbers.q - 1))

    assert is_refused(with_key(forged, signed_by_itself(RSA_KEY)))


def test_the_private_parts_of_another_rsa_key_are_refused() -> None:
    another = rsa.generate_private_key(65_537, 2_048).private_numbers()

    forged = rsa_key(**{name: getattr(another, name) for name in PARTS})

    assert is_refused(with_key(forged, signed_by_itself(RSA_KEY)))


def of_exponent(e: int) -> tuple[str, str]:
    """The RSA key and its certificate with another public exponent."""
    numbers = RSA_KEY.private_numbers()
    public = rsa.RSAPublicNumbers(e, numbers.public_numbers.n)
    parts = {name: getattr(numbers, name) for name in PARTS}
    key = rsa.RSAPrivateNumbers(**parts, public_numbers=public).private_key(
        unsafe_skip_rsa_key_validation=True
    )
    return pem(key), signed_by_itself(key)


@pytest.mark.parametrize("key", ["certificate-authority-data", "client-certificate-data", "client-key-data"])
@pytest.mark.parametrize(
    "data",
    [
        "",
        "!",
        "LS0t LS0t",
        "LS0tLS0",
        "LS0tLS0t=",
        "=LS0t",
        "LS0t-_",
        "L\u017f0t",
        1,
        True,
        [],
        "LS0tLS0=",
        "/w==",
    ],
)
def test_inline_data_is_strict_base64_of_pem(key: str, data: object) -> None:
    parts = {key: data}
    where: dict[str, Any] = {"cluster": parts} if key.startswith("certificate") else {"user": parts}

    assert is_refused(kubeconfig(client_certificate=CERTIFICATE, **where))


@pytest.mark.parametrize("stray", ["!", " ", "\t", "-", "=", "\x00", "\N{ZERO WIDTH SPACE}"])
def test_base64_with_anything_between_is_refused(stray: str) -> None:
    """C16: what one decoder passes over, another one might not."""
    data = base64(an_authority())

    assert is_refused(kubeconfig(cluster={"certificate-authority-data": data[:64] + stray + data[64:]}))


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_base64_may_be_broken_into_lines(end: str) -> None:
    data = base64(an_authority())
    lines = end.join(data[at : at + 64] for at in range(0, len(data), 64)) + end

    assert read(kubeconfig(cluster={"certificate-authority-data": lines})).authority == an_authority()


def test_of_a_bundle_the_certificates_are_taken_and_nothing_else() -> None:
    """C16: a key that somebody left among the certificates does not travel on."""
    other = a_certificate("other").certificate
    bundle = (
        f"# of M\N{LATIN SMALL LETTER U WITH DIAERESIS}nchen\r\n{an_authority()}{pem(RSA_KEY)}\n{other}# end"
    )

    assert read(kubeconfig(authority=bundle)).authority == an_authority() + other


@pytest.mark.parametrize(
    "bundle",
    [
        "text",
        pem(RSA_KEY),
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        an_authority() + "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        an_authority()[:-40],
    ],
    ids=["text", "a key", "junk", "junk behind a certificate", "cut"],
)
def test_a_bundle_that_cannot_be_read_is_refused(bundle: str) -> None:
    """C15: it is not passed over in favour of the system's roots."""
    assert is_refused(kubeconfig(authority=bundle))


def test_without_an_inline_ca_the_roots_of_the_system_are_meant() -> None:
    """C15: and never none at all."""
    assert read(kubeconfig()).authority == ""
    assert read(as_yaml(document(cluster={"certificate-authority-data": None}))).authority == ""


@pytest.mark.parametrize(
    "name",
    [
        "",
        "a b",
        "-",
        "a..b",
        "api.customer.example.",
        "1",
        "0x7f.1",
        "[::1]",
        "fd00::1%eth0",
        "a:443",
        "\N{KELVIN SIGN}",
        "a/b",
        1,
        [],
    ],
)
def test_a_name_to_verify_is_a_name(name: object) -> None:
    """M01: of plain ASCII."""
    assert is_refused(kubeconfig(cluster={"tls-server-name": name}))


@pytest.mark.parametrize(
    ("name", "verified"),
    [
        ("API.internal", "api.internal"),
        ("localhost", "localhost"),
        ("127.0.0.1", "127.0.0.1"),
        ("2001:DB8::1", "2001:db8::1"),
    ],
)
def test_any_name_may_be_verified_since_it_is_not_dialled(name: str, verified: str) -> None:
    assert read(kubeconfig(cluster={"tls-server-name": name})).tls_server_name == verified


def test_what_was_read_shows_no_credential() -> None:
    text = repr(read(kubeconfig(token="canary", client_certificate=CERTIFICATE)))

    assert "canary" not in text
    assert "PRIVATE KEY" not in text
