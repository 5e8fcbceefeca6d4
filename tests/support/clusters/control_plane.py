"""A real Kubernetes control plane for the tests: etcd, API server, controllers, scheduler, and kwok as the nodes.

The programs are looked for in the folder `KUBEBUILDER_ASSETS`, then in the folder `shared/kube` beside this checkout.
No container engine and no root are needed.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from kubernetes.client import CoreV1Api
from kubernetes.client.exceptions import ApiException
from urllib3.exceptions import HTTPError

from demo.environment import REPOSITORY
from tests.support.clusters.cluster import Cluster

NODE_COUNT = 2
NODE_CPU = 8

_PROGRAMS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok")
_ADMIN_TOKEN = "admin-token"
_READY_WITHIN_SECONDS = 60
_STOP_WITHIN_SECONDS = 5


def find_programs() -> Path | None:
    """The folder with the control plane's programs, or None where this machine has none."""
    sibling = REPOSITORY.parent / "shared" / "kube"
    candidates = [Path(os.environ["KUBEBUILDER_ASSETS"])] if "KUBEBUILDER_ASSETS" in os.environ else []
    for folder in [*candidates, sibling]:
        if all((folder / program).exists() for program in _PROGRAMS):
            return folder
    return None


@contextmanager
def control_plane(programs: Path, folder: Path) -> Iterator[Cluster]:
    """Run a control plane whose state lives in `folder`; it is ready, with nodes, when the block begins."""
    _write_service_account_key(folder / "sa.key")
    (folder / "tokens.csv").write_text(f'{_ADMIN_TOKEN},admin,admin,"system:masters"\n')
    etcd_port, peer_port, api_port = _free_ports(3)
    cluster = Cluster(
        name="real",
        server=f"https://127.0.0.1:{api_port}",
        admin_token=_ADMIN_TOKEN,
        ca_file=folder / "certs" / "apiserver.crt",
    )
    kubeconfig = folder / "kubeconfig"
    kubeconfig.write_text(json.dumps(cluster.kubeconfig(_ADMIN_TOKEN)))
    controllers = [f"--kubeconfig={kubeconfig}", "--bind-address=127.0.0.1", "--secure-port=0", "--leader-elect=false"]

    # ExitStack stops in reverse: an API server whose etcd is gone never ends by itself.
    with ExitStack() as running:

        def run(program: str, *flags: str) -> None:
            running.enter_context(_process([str(programs / program), *flags], folder / f"{program}.log"))

        run("etcd", *_etcd_flags(folder, etcd_port, peer_port))
        run("kube-apiserver", *_apiserver_flags(folder, etcd_port, api_port))
        _wait_until(lambda: _is_ready(cluster), folder / "kube-apiserver.log")
        run(
            "kube-controller-manager",
            *controllers,
            "--use-service-account-credentials=false",
            f"--service-account-private-key-file={folder / 'sa.key'}",
            "--horizontal-pod-autoscaler-sync-period=2s",
            "--kube-api-qps=500",
            "--kube-api-burst=1000",
        )
        run("kube-scheduler", *controllers)
        run(
            "kwok",
            f"--kubeconfig={kubeconfig}",
            "--manage-all-nodes=true",
            # Without heartbeats the nodes, and with them all pods, count as not ready after 40 seconds.
            "--node-lease-duration-seconds=40",
            f"--config={programs / 'stages.yaml'}",
        )
        _create_nodes(cluster)
        yield cluster


def _etcd_flags(folder: Path, port: int, peer_port: int) -> list[str]:
    client, peer = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{peer_port}"
    return [
        "--name=node0",
        f"--data-dir={folder / 'etcd'}",
        f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=node0={peer}",
        "--unsafe-no-fsync=true",
        "--log-level=warn",
    ]


def _apiserver_flags(folder: Path, etcd_port: int, port: int) -> list[str]:
    return [
        f"--etcd-servers=http://127.0.0.1:{etcd_port}",
        "--bind-address=127.0.0.1",
        "--advertise-address=127.0.0.1",
        f"--secure-port={port}",
        f"--cert-dir={folder / 'certs'}",
        f"--token-auth-file={folder / 'tokens.csv'}",
        f"--service-account-key-file={folder / 'sa.key'}",
        f"--service-account-signing-key-file={folder / 'sa.key'}",
        "--service-account-issuer=https://kubernetes.default.svc",
        "--service-cluster-ip-range=10.0.0.0/24",
        "--authorization-mode=RBAC",
        "--endpoint-reconciler-type=none",
        "--disable-admission-plugins=ServiceAccount",
        "--allow-privileged=true",
    ]


@contextmanager
def _process(argv: list[str], log_file: Path) -> Iterator[None]:
    with log_file.open("wb") as log:
        process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(_STOP_WITHIN_SECONDS)
        process.kill()
        process.wait()


def _write_service_account_key(path: Path) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
        )
    )


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def _is_ready(cluster: Cluster) -> bool:
    if cluster.ca_file is None or not cluster.ca_file.exists():
        return False
    with cluster.client() as client:
        try:
            client.request(
                "GET",
                f"{cluster.server}/readyz",
                headers={"Authorization": f"Bearer {cluster.admin_token}"},
                _request_timeout=2,
            )
        except (ApiException, HTTPError):
            return False
    return True


def _wait_until(condition: Callable[[], bool], log_file: Path) -> None:
    deadline = time.monotonic() + _READY_WITHIN_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            tail = "\n".join(log_file.read_text(errors="replace").splitlines()[-20:])
            raise TimeoutError(f"The API server was not ready within {_READY_WITHIN_SECONDS} s:\n{tail}")
        time.sleep(0.1)


def _create_nodes(cluster: Cluster) -> None:
    size = {"cpu": str(NODE_CPU), "memory": "32Gi", "pods": "110"}
    with cluster.client() as client:
        for number in range(NODE_COUNT):
            node = {
                "apiVersion": "v1",
                "kind": "Node",
                "metadata": {"name": f"node-{number}"},
                "status": {"capacity": size, "allocatable": size},
            }
            CoreV1Api(client).create_node(node)
