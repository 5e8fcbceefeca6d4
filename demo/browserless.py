"""Fill in the product's forms as a browser without JavaScript would: with the session's cookie and the page's token."""

from __future__ import annotations

from dataclasses import dataclass
from html.parser import HTMLParser

from demo.client import Client


@dataclass(frozen=True, slots=True)
class Form:
    """The form of one page, with what its hidden fields held when it was read."""

    client: Client
    path: str
    hidden: dict[str, str]

    @classmethod
    def read(cls, client: Client, path: str) -> Form:
        """Open the page.

        Raises:
            httpx.HTTPStatusError: The page does not answer with success.
        """
        answer = client.http.get(path)
        answer.raise_for_status()
        fields = _HiddenFields()
        fields.feed(answer.text)
        return cls(client, path, fields.values)

    def post(self, **values: str) -> str:
        """Send the form and return the path that it leads to.

        Raises:
            httpx.HTTPStatusError: The answer is not a redirect.
        """
        answer = self.client.http.post(
            self.path,
            data={**self.hidden, **values},
            headers={"Sec-Fetch-Site": "same-origin"},
        )
        if not answer.is_redirect:
            answer.raise_for_status()
            raise ValueError(f"{self.path} answered {answer.status_code} instead of a redirect")
        return answer.headers["location"]


class _HiddenFields(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.values: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep what hidden inputs hold."""
        found = dict(attrs)
        if tag == "input" and found.get("type") == "hidden" and (name := found.get("name")):
            self.values[name] = found.get("value") or ""
