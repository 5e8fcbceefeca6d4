"""Who is asking, and what they may do: bearer tokens, and roles as RBAC knows them."""

from __future__ import annotations

import secrets
from collections.abc import Iterable

from demo.simulator.addresses import Address
from demo.simulator.documents import CLUSTER_ROLES, ROLE_BINDINGS, ROLES, Document
from demo.simulator.errors import StatusError
from demo.simulator.store import Store

_ADMIN = "admin"


class Access:
    """Knows the users by their tokens. One of them, the owner of `admin_token`, may do everything."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.admin_token = secrets.token_urlsafe()
        self._users = {self.admin_token: _ADMIN}

    def token_for_service_account(self, namespace: str, name: str) -> str:
        """Issue a token."""
        token = secrets.token_urlsafe()
        self._users[token] = f"system:serviceaccount:{namespace}:{name}"
        return token

    def authenticate(self, authorization: str) -> str:
        """Return the user that an Authorization header stands for.

        Raises:
            StatusError: 401, nobody.
        """
        user = self._users.get(authorization.removeprefix("Bearer "))
        if user is None:
            raise StatusError(401, "Unauthorized", "Unauthorized")
        return user

    def authorise(self, user: str, address: Address) -> None:
        """Let a request pass.

        Raises:
            StatusError: 403, no role of the user allows it.
        """
        if user == _ADMIN or any(_allows(rule, address) for rule in self._rules(user, address.namespace)):
            return
        what = f"{address.plural}.{address.group}" if address.group else address.plural
        name = f' "{address.name}"' if address.name else ""
        where = f'in the namespace "{address.namespace}"' if address.namespace else "at the cluster scope"
        raise StatusError(
            403,
            "Forbidden",
            f'{what}{name} is forbidden: User "{user}" cannot {address.verb} resource "{address.target}" '
            f'in API group "{address.group}" {where}',
        )

    def _rules(self, user: str, namespace: str) -> Iterable[Document]:
        for binding in self._store.list(ROLE_BINDINGS, namespace) if namespace else ():
            if user in map(_user_of, binding.get("subjects", ())):
                kind, name = binding["roleRef"]["kind"], binding["roleRef"]["name"]
                roles = self._store.list(ROLES, namespace) if kind == ROLES.kind else self._store.list(CLUSTER_ROLES)
                for role in roles:
                    if role["metadata"]["name"] == name:
                        yield from role["rules"]


def _user_of(subject: Document) -> str:
    if subject["kind"] == "ServiceAccount":
        return f"system:serviceaccount:{subject['namespace']}:{subject['name']}"
    return str(subject["name"])


def _allows(rule: Document, address: Address) -> bool:
    return (
        address.group in rule["apiGroups"]
        and address.target in rule["resources"]
        and address.verb in rule["verbs"]
        and address.name in (rule.get("resourceNames") or [address.name])
    )
