"""
The certificates and the key of a kubeconfig, judged in memory (arm 13).

What passes is written anew: comments, keys among certificates and whatever else stood in a text stay behind.
"""

from collections.abc import Iterable
from contextlib import suppress
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPrivateNumbers
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from plexsphere.managed_push.domain.cluster_access import ClientCertificate
from plexsphere.managed_push.domain.errors import Arm, KubeconfigInvalid
from plexsphere.platform.kernel.secret import Secret

PrivateKey = RSAPrivateKey | EllipticCurvePrivateKey | Ed25519PrivateKey

CURVES: Final = frozenset({"secp256r1", "secp384r1", "secp521r1"})
SMALLEST_RSA_BITS: Final = 2_048
LARGEST_RSA_BITS: Final = 4_096
LARGEST_RSA_EXPONENT: Final = 2**32

_UNREADABLE: Final = (ValueError, TypeError, UnsupportedAlgorithm, x509.InvalidVersion)


def authority(pem: str) -> str:
    """
    Return the certificates of a bundle.

    Raises:
        KubeconfigInvalid: arm 13: none, or one that cannot be read.
    """
    return _written(_certificates(pem))


def client_certificate(pair: ClientCertificate) -> ClientCertificate:
    """
    Return a certificate chain and the key of its first certificate.

    Raises:
        KubeconfigInvalid: arm 13: one of them cannot be read, the key is encrypted, of a kind that TLS clients do not
            use, beyond 2,048 to 4,096 bits of RSA, inconsistent in itself, or another certificate's.
    """
    chain, key = _certificates(pair.certificate), _key(pair.key)
    with suppress(*_UNREADABLE):
        if chain[0].public_key() == key.public_key():
            octets = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            return ClientCertificate(_written(chain), Secret(octets.decode()))
    raise _refusal()


def _certificates(pem: str) -> list[x509.Certificate]:
    with suppress(*_UNREADABLE):
        return x509.load_pem_x509_certificates(pem.encode())
    raise _refusal()


def _written(certificates: Iterable[x509.Certificate]) -> str:
    return "".join(each.public_bytes(Encoding.PEM).decode() for each in certificates)


def _key(pem: Secret[str]) -> PrivateKey:
    with suppress(*_UNREADABLE):
        # Trying whether the primes are primes takes most of a second; what a signature costs depends on sizes alone.
        key = load_pem_private_key(pem.reveal().encode(), None, unsafe_skip_rsa_key_validation=True)
        if isinstance(key, RSAPrivateKey) and _fits_together(key.private_numbers()):
            return key
        if isinstance(key, EllipticCurvePrivateKey) and key.curve.name in CURVES:
            return key
        if isinstance(key, Ed25519PrivateKey):
            return key
    raise _refusal()


def _fits_together(key: RSAPrivateNumbers) -> bool:
    """Tell whether the parts of an RSA key belong together: parts of any other size would hold a handshake for long."""
    n, e = key.public_numbers.n, key.public_numbers.e
    return (
        SMALLEST_RSA_BITS <= n.bit_length() <= LARGEST_RSA_BITS
        and 1 < e < LARGEST_RSA_EXPONENT
        and min(key.p, key.q) > 1
        and key.p * key.q == n
        and key.d < n
        and key.d * e % (key.p - 1) == 1 == key.d * e % (key.q - 1)
        and key.dmp1 == key.d % (key.p - 1)
        and key.dmq1 == key.d % (key.q - 1)
        and 0 < key.iqmp < key.p
        and key.iqmp * key.q % key.p == 1
    )


def _refusal() -> KubeconfigInvalid:
    return KubeconfigInvalid(Arm.NO_USABLE_CONFIG)
