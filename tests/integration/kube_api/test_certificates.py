"""What is wrong with a server's TLS is wrong for everybody who looks."""

import asyncio
import os
import ssl
from pathlib import Path

import aiohttp
import pytest
import yaml

from tests.kube_api.certificates import TlsFlaw
from tests.kube_api.server import running_api
from tests.support.kubeconfigs import Reply, access_of


async def asked(kubeconfig: bytes) -> Reply:
    async with access_of(yaml.safe_load(kubeconfig)) as access:
        return await access.call("GET", "/api/v1/namespaces/default")


@pytest.mark.parametrize(
    ("flaw", "why"),
    [
        (TlsFlaw.WRONG_AUTHORITY, "unable to get local issuer"),
        (TlsFlaw.EXPIRED, "certificate has expired"),
        (TlsFlaw.WRONG_NAME, "IP address mismatch"),
    ],
)
async def test_a_certificate_that_does_not_hold_is_refused_by_its_client(flaw: TlsFlaw, why: str) -> None:
    async with running_api(flaw=flaw) as running:
        with pytest.raises(aiohttp.ClientConnectorCertificateError, match=why):
            await asked(running.kubeconfig())

        assert running.api.log.requests == []


def willing(version: ssl.TLSVersion) -> ssl.SSLContext:
    """Return what a client speaks that takes any certificate, and this version of TLS alone."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.minimum_version = context.maximum_version = version
    context.set_ciphers("DEFAULT@SECLEVEL=0")
    return context


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1 is deprecated")
async def test_a_server_that_speaks_an_old_tls_speaks_no_other() -> None:
    async with running_api(flaw=TlsFlaw.OLD_VERSION) as running:
        with pytest.raises(aiohttp.ClientConnectorError):
            await asked(running.kubeconfig())
        context = willing(ssl.TLSVersion.TLSv1_1)
        _, writer = await asyncio.open_connection("127.0.0.1", running.port, ssl=context)
        spoken = writer.get_extra_info("ssl_object").version()
        writer.transport.abort()

    assert spoken == "TLSv1.1"


async def test_a_server_that_needs_a_certificate_takes_one_and_nothing_else() -> None:
    async with running_api(needs_client=True) as running:
        reply = await asked(running.kubeconfig_by_certificate())
        with pytest.raises((aiohttp.ClientError, ConnectionError)):
            await asked(running.kubeconfig())

    assert reply.status == 200


async def test_no_key_is_left_in_the_folder_for_temporary_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    async with running_api() as running:
        await asked(running.kubeconfig_by_certificate())

    assert os.listdir(tmp_path) == []
