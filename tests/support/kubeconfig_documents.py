"""Kubeconfigs for tests: valid ones from their parts, and what an attacker makes of them."""

import json
import random
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, Final

import yaml
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from plexsphere.managed_push.domain.cluster_access import ClientCertificate
from plexsphere.platform.kernel.secret import Secret

SERVER: Final = "https://api.customer.example:6443"
TOKEN: Final = "kubeconfig-u-abcde:0123456789abcdefghijklmnopqrstuvwxyz"

Document = dict[str, Any]
NOTHING: Final[Mapping[str, Any]] = {}


def kubeconfig(server: str = SERVER, **parts: Any) -> bytes:
    """A valid kubeconfig in YAML; its parts are those of `document`."""
    return as_yaml(document(server, **parts))


def document(
    server: str = SERVER,
    *,
    authority: str = "",
    token: str | None = TOKEN,
    client_certificate: ClientCertificate | None = None,
    cluster: Mapping[str, Any] = NOTHING,
    user: Mapping[str, Any] = NOTHING,
    context: Mapping[str, Any] = NOTHING,
    whole: Mapping[str, Any] = NOTHING,
) -> Document:
    """A valid kubeconfig as a mapping; `cluster`, `user`, `context` and `whole` set further keys of each."""
    inline = {"certificate-authority-data": base64(authority)} if authority else {}
    credentials = ({"token": token} if token is not None else {}) | _pair(client_certificate)
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "main",
        "contexts": [{"name": "main", "context": {"cluster": "customer", "user": "pusher", **context}}],
        "clusters": [{"name": "customer", "cluster": {"server": server, **inline, **cluster}}],
        "users": [{"name": "pusher", "user": {**credentials, **user}}],
        **whole,
    }


def as_yaml(whole: Document) -> bytes:
    """A mapping in YAML."""
    return yaml.dump(whole, Dumper=yaml.CSafeDumper, sort_keys=False, allow_unicode=True).encode()


def as_json(whole: Document) -> bytes:
    """A mapping in JSON."""
    return json.dumps(whole, indent=1, ensure_ascii=False).encode()


def base64(text: str) -> str:
    """A text behind base64."""
    return b64encode(text.encode()).decode()


@cache
def an_authority() -> str:
    """The certificate of a CA in PEM."""
    return a_certificate().certificate


@cache
def a_certificate(name: str = "kubernetes") -> ClientCertificate:
    """A certificate that a key of its own signed."""
    key = ec.generate_private_key(ec.SECP256R1())
    return ClientCertificate(signed_by_itself(key, name), Secret(pem(key)))


def signed_by_itself(key: Any, name: str = "kubernetes") -> str:
    """A certificate of this key in PEM."""
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, None if "ed25519" in type(key).__module__ else SHA256())
        .public_bytes(Encoding.PEM)
        .decode()
    )


def pem(key: Any) -> str:
    """A private key in PEM."""
    octets: bytes = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return octets.decode()


def _pair(certificate: ClientCertificate | None) -> Document:
    if certificate is None:
        return {}
    return {
        "client-certificate-data": base64(certificate.certificate),
        "client-key-data": base64(certificate.key.reveal()),
    }


# What an attacker would have a reader run, open, dial or believe.
EVIL: Final[Document] = {
    "exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "/bin/sh", "args": ["-c", "id"]},
    "auth-provider": {"name": "gcp", "config": {"cmd-path": "/bin/sh", "cmd-args": "-c id"}},
    "tokenFile": "/proc/self/environ",
    "client-certificate": "/etc/passwd",
    "client-key": "/etc/shadow",
    "certificate-authority": "/etc/hostname",
    "proxy-url": "http://127.0.0.1:3128",
    "insecure-skip-tls-verify": "false",
    "username": "root",
    "password": "toor",
    "as": "system:admin",
    "as-groups": ["system:masters"],
    "TokenFile": "/proc/self/environ",
    "Exec": {"command": "/bin/sh"},
    "proxyURL": "http://127.0.0.1:3128",
    "server": "http://169.254.169.254/latest",
    "token": 0o123,
    "tls-server-name": "../../etc/passwd",
    "certificate-authority-data": "!!!!",
    "client-key-data": "LS0tLS0=",
    "client-certificate-data": "LS0tLS0=",
    "current-context": ["main"],
    "<<": {"tokenFile": "/etc/passwd"},
}
ODD: Final[tuple[Any, ...]] = (
    None,
    "",
    True,
    -1,
    10**30,
    1.5,
    [],
    {},
    [[[[]]]],
    "\x00",
    "\N{RIGHT-TO-LEFT OVERRIDE}",
    "a" * 5_000,
    "https://[::1]:6443",
    "https://2130706433",
    "https://user:pass@api.customer.example",
    "file:///etc/passwd",
    "main",
    "customer",
    "pusher",
)
SNIPPETS: Final[tuple[str, ...]] = (
    "&a [*a]",
    "*a",
    "<<: *a",
    "!!python/object/apply:os.system ['id']",
    "!!binary L2V0Yy9wYXNzd2Q=",
    "---",
    "...",
    "%YAML 1.1",
    "? [a, b]\n: c",
    "token: twice",
    "    tokenFile: /etc/passwd",
    "      exec: {command: /bin/sh}",
    "[" * 200,
    "{a: " * 40,
    "\t",
    "\ufeff",
    "\x85",
    "2026-13-45",
    "1:" * 400 + "1",
    "- - - - - - - - - - - - - - - - - - - - -",
)


def mutated_kubeconfigs(count: int, seed: int) -> Iterator[bytes]:
    """Documents that up to four changes made of valid ones; in one process the same seed gives the same ones."""
    chance = random.Random(seed)
    seeds = [document(), document(client_certificate=a_certificate(), authority=an_authority(), token=None)]
    for _ in range(count):
        whole = json.loads(json.dumps(chance.choice(seeds)))
        for _ in range(chance.randint(0, 2)):
            chance.choice(_OF_MAPPINGS)(whole, chance)
        octets = chance.choice((as_yaml, as_json))(whole)
        for _ in range(chance.choice((0, 0, 0, 1, 2))):
            octets = chance.choice(_OF_OCTETS)(octets, chance)
        yield octets


def _mappings(value: Any) -> Iterator[Document]:
    if isinstance(value, dict):
        yield value
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _mappings(each)


def _plant(whole: Document, chance: random.Random) -> None:
    key = chance.choice(list(EVIL))
    reached = [each for each in _mappings(whole) if {"server", "token", "client-key-data"} & each.keys()]
    chance.choice(reached or [whole])[key] = EVIL[key]


def _replace(whole: Document, chance: random.Random) -> None:
    target = chance.choice([each for each in _mappings(whole) if each])
    target[chance.choice(list(target))] = chance.choice(ODD)


def _drop(whole: Document, chance: random.Random) -> None:
    target = chance.choice([each for each in _mappings(whole) if each])
    del target[chance.choice(list(target))]


def _rename(whole: Document, chance: random.Random) -> None:
    target = chance.choice([each for each in _mappings(whole) if each])
    key = chance.choice(list(target))
    target[chance.choice((key.upper(), f"{key} ", f"{key}\N{ZERO WIDTH SPACE}", *EVIL))] = target.pop(key)


def _repeat(whole: Document, chance: random.Random) -> None:
    lists = [each for each in whole.values() if isinstance(each, list) and each]
    if lists:
        target = chance.choice(lists)
        target.append(chance.choice(target))


def _spoil(whole: Document, chance: random.Random) -> None:
    """Change octets within a certificate or a key, whose frame stays whole."""
    values = [(each, key) for each in _mappings(whole) for key in each]
    texts = [(each, key) for each, key in values if str(each[key]).startswith(base64("-----BEGI"))]
    if texts:
        target, key = chance.choice(texts)
        begin, *body, end = b64decode(target[key]).decode().splitlines()
        octets = _flip(b64decode("".join(body)), chance)
        target[key] = base64("\n".join((begin, b64encode(octets).decode(), end)))


def _flip(octets: bytes, chance: random.Random) -> bytes:
    changed = bytearray(octets)
    for _ in range(chance.randint(1, 4)):
        changed[chance.randrange(len(changed))] = chance.randrange(256)
    return bytes(changed)


def _cut(octets: bytes, chance: random.Random) -> bytes:
    start = chance.randrange(len(octets))
    return octets[:start] + octets[chance.randrange(start, len(octets)) :] or b"\n"


def _double(octets: bytes, chance: random.Random) -> bytes:
    lines = octets.splitlines(keepends=True)
    at = chance.randrange(len(lines))
    return b"".join([*lines[: at + 1], *lines[at:]])


def _insert(octets: bytes, chance: random.Random) -> bytes:
    lines = octets.splitlines(keepends=True)
    at = chance.randrange(len(lines) + 1)
    return b"".join([*lines[:at], chance.choice(SNIPPETS).encode() + b"\n", *lines[at:]])


def _put_in_front(octets: bytes, chance: random.Random) -> bytes:
    at = octets.find(b": ", chance.randrange(len(octets))) + 2
    return octets[:at] + chance.choice((b"&a ", b"*a ", b"!!str ", b"! ", b"| ", b"{", b"[")) + octets[at:]


_OF_MAPPINGS: Final[tuple[Callable[[Document, random.Random], None], ...]] = (
    _plant,
    _plant,
    _replace,
    _drop,
    _rename,
    _repeat,
    _spoil,
    _spoil,
)
_OF_OCTETS: Final[tuple[Callable[[bytes, random.Random], bytes], ...]] = (
    _flip,
    _flip,
    _cut,
    _double,
    _insert,
    _put_in_front,
)
