"""A process that fails on purpose serves nobody but a rehearsal on this machine (reference/hardening.md 5.4)."""

from collections.abc import Iterator, Mapping
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from psycopg import conninfo

from plexsphere.composition.settings import (
    DSN_VAR,
    FAILPOINTS_VAR,
    METRICS_VAR,
    PROXIES_VAR,
    PUBLIC_URL_VAR,
    SPICEDB_VAR,
    Settings,
    SettingsError,
)

LOCAL_NAME: Final = "localhost"
# With them libpq connects elsewhere, whatever host is written.
ELSEWHERE: Final = ("PGHOSTADDR", "PGSERVICE")


def require_rehearsal(settings: Settings, environ: Mapping[str, str]) -> None:
    """
    Return where nothing in the settings is production's.

    Raises:
        SettingsError: it listens off loopback, for its metrics too, has a certificate, trusted proxies or a public
            URL, or its database or SpiceDB is not on this machine; the message names the variable.
    """
    for variable in _of_production(settings, environ):
        raise SettingsError(
            f"{FAILPOINTS_VAR} makes this process fail on purpose, and {variable} is set as in production; "
            f"unset {FAILPOINTS_VAR}"
        )


def _of_production(settings: Settings, environ: Mapping[str, str]) -> Iterator[str]:
    if not _is_loopback(settings.listen.host):
        yield "PLEXSPHERE_LISTEN"
    if settings.metrics is not None and not _is_loopback(settings.metrics.host):
        yield METRICS_VAR
    if settings.tls is not None:
        yield "PLEXSPHERE_TLS_CERT_FILE"
    if settings.trusted_proxies:
        yield PROXIES_VAR
    if environ.get(PUBLIC_URL_VAR):
        yield PUBLIC_URL_VAR
    if not _is_local_database(settings.dsn.reveal()):
        yield DSN_VAR
    yield from (variable for variable in ELSEWHERE if environ.get(variable))
    if settings.spicedb is not None and not _is_plain_loopback(settings.spicedb.endpoint):
        yield SPICEDB_VAR


def _is_local_database(dsn: str) -> bool:
    # What a connection string leaves out, libpq takes from elsewhere: only what is written counts as local.
    given = conninfo.conninfo_to_dict(dsn)
    named = [str(given[key]) for key in ("host", "hostaddr") if given.get(key)]
    hosts = [host for names in named for host in names.split(",")]
    return (
        bool(hosts)
        and "service" not in given
        and all(host.startswith("/") or _is_loopback(host) for host in hosts)
    )


def _is_plain_loopback(endpoint: str) -> bool:
    url = urlsplit(endpoint)
    return url.scheme == "grpc" and _is_loopback(url.hostname or "")


def _is_loopback(host: str) -> bool:
    if host == LOCAL_NAME:
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
