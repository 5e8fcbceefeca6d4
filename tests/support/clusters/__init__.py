"""Kubernetes API servers for the tests: the demo's simulator, and a real control plane without containers."""
