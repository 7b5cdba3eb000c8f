"""The way into a cluster for tests: loopback, where both the tests and their clusters live, may be dialled."""

from ipaddress import ip_network
from typing import Final

from plexsphere.managed_push.adapters.https_cluster import HttpsCluster
from plexsphere.managed_push.adapters.yaml_kubeconfig_reader import YamlKubeconfigReader
from plexsphere.managed_push.domain.cluster_access import ClusterAccess
from plexsphere.managed_push.domain.egress import EgressPolicy
from plexsphere.platform.kernel.secret import Secret

LOOPBACK_TOO: Final = EgressPolicy(allow=(ip_network("127.0.0.0/8"),))


async def _loopback_too() -> EgressPolicy:
    return LOOPBACK_TOO


def access_by(kubeconfig: bytes) -> ClusterAccess:
    """Return what a kubeconfig comes to."""
    return YamlKubeconfigReader(lambda: LOOPBACK_TOO).read(Secret(kubeconfig))


def https_cluster() -> HttpsCluster:
    """Return the adapter that may dial loopback."""
    return HttpsCluster(_loopback_too)
