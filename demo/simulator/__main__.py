"""`python -m demo.simulator`: serve a simulated cluster until the process is told to end."""

from __future__ import annotations

import argparse
from pathlib import Path

from demo.simulator.serving import address_of, listen, server_of, write_kubeconfig
from demo.simulator.simulator import Simulator

_DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
_SERVICE_ACCOUNT = "ops-dashboard"


def main(arguments: list[str] | None = None) -> None:
    """Run the program."""
    options = _options(arguments)
    simulator = Simulator(pod_seconds=options.pod_seconds)
    simulator.load(options.workloads)
    simulator.load(options.rbac)
    if options.state is not None:
        simulator.state_file = options.state
        if options.state.exists():
            simulator.restore(options.state)
    listener = listen(options.port)
    tokens = {
        _SERVICE_ACCOUNT: simulator.access.token_for_service_account(_SERVICE_ACCOUNT, _SERVICE_ACCOUNT),
        "admin": simulator.access.admin_token,
    }
    write_kubeconfig(options.kubeconfig, address_of(listener), tokens)
    print(f"Simulated Kubernetes at {address_of(listener)}, see {options.kubeconfig}", flush=True)
    server_of(simulator).run(sockets=[listener])


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m demo.simulator", description="Serve a simulated Kubernetes API.")
    parser.add_argument("--port", type=int, default=0, help="TCP port on localhost; any free one by default")
    parser.add_argument("--workloads", type=Path, default=_DEPLOY / "demo-workloads.yaml", help="manifest to load")
    parser.add_argument("--rbac", type=Path, default=_DEPLOY / "rbac.yaml", help="manifest with the product's rights")
    parser.add_argument(
        "--kubeconfig",
        type=Path,
        required=True,
        help="file to write: how to reach the API as the product's service account, and as admin",
    )
    parser.add_argument(
        "--state", type=Path, help="file that keeps worker counts and ConfigMaps from one start to the next"
    )
    parser.add_argument("--pod-seconds", type=float, default=1.0, help="time a pod takes to get ready")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
