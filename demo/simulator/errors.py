"""Errors as the API server answers them."""

from __future__ import annotations

from demo.simulator.documents import Document, Resource


class StatusError(Exception):
    """An error with the HTTP status and the Status object that tell it."""

    def __init__(self, code: int, reason: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason

    def document(self) -> Document:
        """The Status object."""
        return {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": str(self),
            "reason": self.reason,
            "code": self.code,
        }


def not_found(resource: Resource, name: str) -> StatusError:
    """There is no object of that name."""
    return StatusError(404, "NotFound", f'{resource.qualified} "{name}" not found')


def conflict(resource: str, name: str, why: str) -> StatusError:
    """The object is not what the request takes it for."""
    return StatusError(409, "Conflict", f'Operation cannot be fulfilled on {resource} "{name}": {why}')


def invalid(message: str = "the server rejected our request due to an error in our request") -> StatusError:
    """The request is understood, but not accepted; by default as the API server puts a failed JSON-Patch."""
    return StatusError(422, "Invalid", message)


def bad_request(message: str) -> StatusError:
    """The request is not understood."""
    return StatusError(400, "BadRequest", message)
