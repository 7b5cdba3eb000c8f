"""Certificates for one run: an authority made in memory, and what it vouches for."""

import ipaddress
import ssl
import tempfile
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Final, Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

LOOPBACK: Final = "127.0.0.1"
DNS_NAMES: Final = ("localhost", "kubernetes.default.svc", "kube-api.test")
DAY: Final = timedelta(days=1)


class TlsFlaw(StrEnum):
    """What may be wrong with a server's TLS."""

    WRONG_AUTHORITY = "wrong authority"
    EXPIRED = "expired"
    WRONG_NAME = "wrong name"
    OLD_VERSION = "TLS 1.1 only"


@dataclass(frozen=True)
class Credential:
    """A certificate and its key, both in PEM."""

    certificate: str
    key: str = field(repr=False)


@dataclass(frozen=True)
class Authority:
    """An authority that signs for servers and clients."""

    name: x509.Name
    key: ec.EllipticCurvePrivateKey = field(repr=False)
    certificate: str

    @classmethod
    def made(cls, common_name: str) -> Self:
        """Return a new authority of this name."""
        key, name = ec.generate_private_key(ec.SECP256R1()), _named(common_name)
        builder = (
            _builder(name, name, key.public_key(), DAY)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_signing_usage(), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        )
        return cls(name, key, _pem(builder.sign(key, hashes.SHA256())))

    def for_server(self, *, names: tuple[str, ...] = DNS_NAMES, lasts: timedelta = DAY) -> Credential:
        """Vouch for a server on loopback, or only for other names; a negative time has run out already."""
        addresses = [x509.IPAddress(ipaddress.ip_address(LOOPBACK))] if names is DNS_NAMES else []
        alternatives = x509.SubjectAlternativeName([*map(x509.DNSName, names), *addresses])
        return self._signed("kube-apiserver", ExtendedKeyUsageOID.SERVER_AUTH, lasts, alternatives)

    def for_client(self, user: str) -> Credential:
        """Vouch for a client that is this user."""
        return self._signed(user, ExtendedKeyUsageOID.CLIENT_AUTH, DAY, None)

    def _signed(
        self,
        common_name: str,
        usage: x509.ObjectIdentifier,
        lasts: timedelta,
        alternatives: x509.SubjectAlternativeName | None,
    ) -> Credential:
        key = ec.generate_private_key(ec.SECP256R1())
        builder = _builder(_named(common_name), self.name, key.public_key(), lasts)
        builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False).add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False
        )
        if alternatives:
            builder = builder.add_extension(alternatives, critical=False)
        return Credential(_pem(builder.sign(self.key, hashes.SHA256())), _key_pem(key))


def server_context(
    credential: Credential, trusted: str, *, flaw: TlsFlaw | None = None, needs_client: bool = False
) -> ssl.SSLContext:
    """Return what a server speaks TLS with; `trusted` are the authorities of clients, in PEM."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if flaw is TlsFlaw.OLD_VERSION:
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
        context.set_ciphers("DEFAULT@SECLEVEL=0")
    context.verify_mode = ssl.CERT_REQUIRED if needs_client else ssl.CERT_OPTIONAL
    context.load_verify_locations(cadata=trusted)
    load(context, credential)
    return context


def load(context: ssl.SSLContext, credential: Credential) -> None:
    """Have a context show a certificate. The standard library reads it from files only: they are gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="kube-api-") as folder:
        chain = Path(folder) / "chain.pem"
        chain.write_text(credential.certificate + credential.key)
        context.load_cert_chain(chain)


def _builder(
    subject: x509.Name, issuer: x509.Name, public_key: ec.EllipticCurvePublicKey, lasts: timedelta
) -> x509.CertificateBuilder:
    ends = datetime.now(UTC) + lasts
    builder = x509.CertificateBuilder(issuer, subject, public_key, x509.random_serial_number())
    return builder.not_valid_before(ends - 3 * DAY).not_valid_after(ends)


def _named(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _signing_usage() -> x509.KeyUsage:
    rest = dict.fromkeys(
        (
            "digital_signature",
            "content_commitment",
            "key_encipherment",
            "data_encipherment",
            "key_agreement",
            "encipher_only",
            "decipher_only",
        ),
        False,
    )
    return x509.KeyUsage(key_cert_sign=True, crl_sign=True, **rest)


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def _key_pem(key: ec.EllipticCurvePrivateKey) -> str:
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()
