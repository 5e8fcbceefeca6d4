"""A Kubernetes API server in one process, with as much behind it as the product sees.

It keeps Deployments and StatefulSets with their `scale`, and plays the controllers, the scheduler and the kubelets:
pods get ready one after another, or get stuck when they are told to. `tests/contract` runs against it and against a
real control plane, so that both agree wherever the product looks. A pod template that changes applies to new pods
only; all but the counts is forgotten when the process ends.
"""

from __future__ import annotations

from demo.simulator.simulator import Simulator

__all__ = ["Simulator"]
