"""What this deployment was told through its environment."""

import base64
import binascii
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path
from typing import Final, Self

from psycopg import ProgrammingError, conninfo

from plexsphere.api.sources import Network
from plexsphere.composition.roles import EVERY_ROLE, Roles
from plexsphere.platform.kernel.secret import Secret

WRAP_KEY_BYTES: Final = 32
MOST_FROM_ONE_ADDRESS: Final = 37_500
DEFAULT_LISTEN: Final = "127.0.0.1:8080"
DSN_VAR: Final = "PLEXSPHERE_DSN"
WRAP_KEY_VAR: Final = "PLEXSPHERE_NSK_WRAP_KEY_B64"
PUSH_KEY_VAR: Final = "PLEXSPHERE_MANAGED_PUSH_WRAP_KEY_B64"
PREVIOUS_PUSH_KEY_VAR: Final = "PLEXSPHERE_MANAGED_PUSH_WRAP_KEY_PREVIOUS_B64"
EGRESS_ALLOW_VAR: Final = "PLEXSPHERE_MANAGED_PUSH_EGRESS_ALLOW"
EGRESS_DENY_VAR: Final = "PLEXSPHERE_MANAGED_PUSH_EGRESS_DENY"
SPICEDB_VAR: Final = "PLEXSPHERE_SPICEDB_ENDPOINT"
LISTEN_VAR: Final = "PLEXSPHERE_LISTEN"
METRICS_VAR: Final = "PLEXSPHERE_METRICS_LISTEN"
CERT_VAR: Final = "PLEXSPHERE_TLS_CERT_FILE"
KEY_VAR: Final = "PLEXSPHERE_TLS_KEY_FILE"
PUBLIC_URL_VAR: Final = "PLEXSPHERE_PUBLIC_URL"
PROXIES_VAR: Final = "PLEXSPHERE_TRUSTED_PROXIES"
ARTIFACTS_VAR: Final = "PLEXSPHERE_ARTIFACTS_DIR"
FAILPOINTS_VAR: Final = "PLEXSPHERE_FAILPOINTS"
# Neither a user, nor a query, nor a fragment: a path is appended to it, and whoever reads it learns it.
PUBLIC_URL: Final = re.compile(
    r"https?://(?:[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?(?:/[A-Za-z0-9._~-]{1,64}){0,8}/?"
)
OR_UP: Final = "or run `plexsphere up` for a local one"


class SettingsError(Exception):
    """A setting is missing or unusable; the message names it and says what to do, and never holds its value."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server listens."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str, variable: str) -> Self:
        """
        Read `127.0.0.1:8080` or `[::1]:8080`.

        Raises:
            SettingsError: another form.
        """
        host, _, port = text.rpartition(":")
        if not host or not (port.isascii() and port.isdigit() and len(port) <= 5 and int(port) < 65_536):
            raise SettingsError(f"{variable} is not host:port; set it to something like {DEFAULT_LISTEN}")
        return cls(host.removeprefix("[").removesuffix("]"), int(port))

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Tls:
    """Files of the server's certificate chain and key."""

    cert_file: Path
    key_file: Path


@dataclass(frozen=True, slots=True)
class SpiceDb:
    """The authorizer to ask instead of the local one."""

    endpoint: str
    token: Secret[str]


@dataclass(frozen=True, slots=True)
class PushKeyRing:
    """The wrap keys of managed push: the current one seals and opens, the previous one opens alone."""

    current: Secret[bytes]
    previous: Secret[bytes] | None = None


@dataclass(frozen=True, slots=True)
class ManagedPushSettings:
    """What switches managed push on, and which networks customer clusters may lie in besides the usual ones."""

    ring: PushKeyRing
    egress_allow: tuple[Network, ...] = ()
    egress_deny: tuple[Network, ...] = ()


@dataclass(frozen=True, slots=True)
class Settings:
    """
    Everything a process needs to serve; `failpoints` say where it fails on purpose, in rehearsals alone.

    `managed_push` is None where that feature is off; so is `artifacts`, the folder they lie in. `shares_loop` where the
    process does other work in the loop that serves.
    """

    dsn: Secret[str]
    wrap_key: Secret[bytes]
    listen: Address
    tls: Tls | None
    spicedb: SpiceDb | None
    register_failures_per_minute: int
    credential_failures_per_minute: int
    node_calls_per_minute: int
    operator_calls_per_minute: int
    pool_size: int
    connections_per_address: int
    trusted_proxies: tuple[Network, ...]
    roles: Roles = EVERY_ROLE
    metrics: Address | None = None
    failpoints: str = ""
    managed_push: ManagedPushSettings | None = None
    artifacts: Path | None = None
    shares_loop: bool = False
    public_url: str = ""

    @property
    def reached_at(self) -> str:
        """Return the URL that nodes reach this deployment under, without a slash at its end."""
        return self.public_url or f"{'https' if self.tls else 'http'}://{self.listen}"

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Self:
        """
        Read the environment.

        Raises:
            SettingsError: something is missing or unusable.
        """
        return cls(
            dsn=dsn(environ),
            wrap_key=wrap_key(_required(environ, WRAP_KEY_VAR, f"32 random bytes in base64, {OR_UP}")),
            listen=Address.parse(environ.get(LISTEN_VAR) or DEFAULT_LISTEN, LISTEN_VAR),
            tls=_tls(environ),
            spicedb=_spicedb(environ),
            register_failures_per_minute=_number(environ, "PLEXSPHERE_REGISTER_FAILURES_PER_MINUTE", 600),
            credential_failures_per_minute=_number(environ, "PLEXSPHERE_CREDENTIAL_FAILURES_PER_MINUTE", 600),
            node_calls_per_minute=_number(environ, "PLEXSPHERE_NODE_CALLS_PER_MINUTE", 600),
            operator_calls_per_minute=_number(environ, "PLEXSPHERE_OPERATOR_CALLS_PER_MINUTE", 6_000),
            pool_size=_number(environ, "PLEXSPHERE_POOL_SIZE", 16),
            connections_per_address=_number(
                environ, "PLEXSPHERE_CONNECTIONS_PER_ADDRESS", MOST_FROM_ONE_ADDRESS
            ),
            trusted_proxies=_networks(environ, PROXIES_VAR),
            metrics=_metrics(environ),
            failpoints=environ.get(FAILPOINTS_VAR, ""),
            managed_push=managed_push(environ),
            public_url=_public_url(environ),
            artifacts=_folder(environ, ARTIFACTS_VAR),
        )


def dsn(environ: Mapping[str, str]) -> Secret[str]:
    """
    Return the connection string of the database.

    Raises:
        SettingsError: there is none, or PostgreSQL's library cannot read it.
    """
    text = _required(environ, DSN_VAR, f"a PostgreSQL connection string, {OR_UP}")
    try:
        conninfo.conninfo_to_dict(text)
    except ProgrammingError:
        # The library's own words repeat the text, password and all.
        raise SettingsError(
            f"{DSN_VAR} is no connection string; set it to something like postgresql://user:password@host/name"
        ) from None
    return Secret(text)


def wrap_key(encoded: str, variable: str = WRAP_KEY_VAR) -> Secret[bytes]:
    """
    Return the wrap key.

    Raises:
        SettingsError: not base64 of exactly 32 bytes.
    """
    try:
        octets = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        raise SettingsError(f"{variable} is not base64; make one with: openssl rand -base64 32") from None
    if len(octets) != WRAP_KEY_BYTES:
        raise SettingsError(
            f"{variable} does not hold {WRAP_KEY_BYTES} bytes; make one with: openssl rand -base64 32"
        )
    return Secret(octets)


def managed_push(environ: Mapping[str, str]) -> ManagedPushSettings | None:
    """
    Return the settings of managed push; None where it has no wrap key, and so is off.

    Raises:
        SettingsError: a key is not base64 of exactly 32 bytes, a former key comes without one, or a network is none.
    """
    current, previous = environ.get(PUSH_KEY_VAR, ""), environ.get(PREVIOUS_PUSH_KEY_VAR, "")
    allow, deny = _networks(environ, EGRESS_ALLOW_VAR), _networks(environ, EGRESS_DENY_VAR)
    if previous and not current:
        raise SettingsError(f"{PREVIOUS_PUSH_KEY_VAR} needs {PUSH_KEY_VAR}; set both, or neither")
    if not current:
        return None
    kept = wrap_key(previous, PREVIOUS_PUSH_KEY_VAR) if previous else None
    return ManagedPushSettings(PushKeyRing(wrap_key(current, PUSH_KEY_VAR), kept), allow, deny)


def _required(environ: Mapping[str, str], name: str, what: str) -> str:
    value = environ.get(name, "")
    if not value:
        raise SettingsError(f"{name} is not set; give it {what}")
    return value


def _number(environ: Mapping[str, str], name: str, default: int) -> int:
    text = environ.get(name, "")
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 1_000_000):
        raise SettingsError(f"{name} is not a whole number above zero; leave it out for {default}")
    return int(text)


def _public_url(environ: Mapping[str, str]) -> str:
    url = environ.get(PUBLIC_URL_VAR, "")
    if url and not PUBLIC_URL.fullmatch(url):
        raise SettingsError(
            f"{PUBLIC_URL_VAR} is not a URL; set it to something like https://plexsphere.example"
        )
    return url.removesuffix("/")


def _folder(environ: Mapping[str, str], name: str) -> Path | None:
    text = environ.get(name, "")
    return Path(text).absolute() if text else None


def _networks(environ: Mapping[str, str], name: str) -> tuple[Network, ...]:
    try:
        return tuple(ip_network(each.strip()) for each in environ.get(name, "").split(",") if each.strip())
    except ValueError:
        raise SettingsError(
            f"{name} is not a list of networks; set it to something like 10.0.0.0/8,fd00::/8"
        ) from None


def _tls(environ: Mapping[str, str]) -> Tls | None:
    cert, key = environ.get(CERT_VAR, ""), environ.get(KEY_VAR, "")
    if bool(cert) != bool(key):
        raise SettingsError(f"{CERT_VAR} and {KEY_VAR} go together; set both or neither")
    if not cert:
        return None
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(cert, key)
    except OSError:
        raise SettingsError(
            f"{CERT_VAR} and {KEY_VAR} name no certificate and its key that can be read; both are PEM files"
        ) from None
    return Tls(Path(cert), Path(key))


def _metrics(environ: Mapping[str, str]) -> Address | None:
    address = environ.get(METRICS_VAR, "")
    return Address.parse(address, METRICS_VAR) if address else None


def _spicedb(environ: Mapping[str, str]) -> SpiceDb | None:
    endpoint = environ.get(SPICEDB_VAR, "")
    if not endpoint:
        return None
    return SpiceDb(
        endpoint, Secret(_required(environ, "PLEXSPHERE_SPICEDB_TOKEN", "the preshared key of SpiceDB"))
    )
