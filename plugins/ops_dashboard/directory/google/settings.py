"""How a Google Workspace directory is configured.

The connection's password is the JSON key of a service account, the extra has the rest:

{"kind": "google", "customer": "C0123abcd"}

The service account needs an admin role that may read users and groups. Or it reads in the name of an administrator, the
`subject`, if domain-wide delegation allows its client id the `SCOPES`; then the customer may be left out.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from ops_dashboard.directory.consistent import EMAIL_PATTERN, LONGEST_EMAIL
from ops_dashboard.directory.google.account import ServiceAccount
from ops_dashboard.directory.google.source import GoogleSource
from ops_dashboard.directory.http import server_url
from ops_dashboard.directory.settings import Server, SourceSettings


class GoogleSettings(SourceSettings):
    """The extra of the Airflow connection of a Google Workspace directory."""

    kind: Literal["google"] = "google"
    customer: Annotated[str, Field(pattern="^(my_customer|C[0-9A-Za-z]{1,40})$")] = Field(
        default="my_customer",
        description="the customer's id, C and more (Admin console > Account > Account settings),"
        " or my_customer for that of the subject",
    )
    subject: Annotated[str, Field(pattern=EMAIL_PATTERN, max_length=LONGEST_EMAIL)] | None = Field(
        default=None, description="the e-mail address of the administrator in whose name is read"
    )
    api_url: Annotated[str, AfterValidator(server_url)] = Field(
        default="https://admin.googleapis.com",
        description="https://host[:port][/path], without a user or a query; http only to localhost",
    )

    def source(self, server: Server) -> GoogleSource:
        """Return the directory that the service account whose key is the password can read.

        Raises:
            DirectoryError: The password is no such key; tells what is wrong, never the key.
        """
        account = ServiceAccount.from_key(server.password, self.subject)
        return GoogleSource(self.source_name, self.customer, account, api_url=self.api_url)
