"""From a method and a path to what a request is about."""

from __future__ import annotations

from dataclasses import dataclass

from demo.simulator.documents import RESOURCES, Resource
from demo.simulator.errors import StatusError

_VERBS = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}


@dataclass(frozen=True, slots=True)
class Address:
    """What a request is about, in the words of RBAC; it may be something that the simulator does not have."""

    verb: str
    group: str
    plural: str
    namespace: str = ""
    name: str = ""
    subresource: str = ""

    @property
    def resource(self) -> Resource:
        """The kind of object."""
        for resource in RESOURCES:
            if (resource.group, resource.plural) == (self.group, self.plural):
                return resource
        raise _nothing()

    @property
    def target(self) -> str:
        """The resource with its subresource: `deployments/scale`."""
        return f"{self.plural}/{self.subresource}" if self.subresource else self.plural


def parse_address(method: str, path: str) -> Address:
    """Read a request line.

    Raises:
        StatusError: 404, it is about no resource at all.
    """
    match path.strip("/").split("/"):
        case ["api", "v1", *rest]:
            group = ""
        case ["apis", group, "v1", *rest]:
            pass
        case _:
            raise _nothing()
    namespace = ""
    if len(rest) > 2 and rest[0] == "namespaces":
        _, namespace, *rest = rest
    if not 1 <= len(rest) <= 3 or "" in rest:
        raise _nothing()
    plural, name, subresource = [*rest, "", ""][:3]
    verb = ("get" if name else "list") if method == "GET" else _VERBS.get(method, method.lower())
    return Address(verb, group, plural, namespace, name, subresource)


def _nothing() -> StatusError:
    return StatusError(404, "NotFound", "the server could not find the requested resource")
