"""Errors of the services that actions call.

ServiceError ─┬─ Unavailable      no answer in time, or a server error: trying again later may help
              ├─ Refused          422: a value is not acceptable; `code` and `field` say which and why
              └─ Conflict         404, 409: what was asked for is settled or not there; `code` says how
"""

from __future__ import annotations


class ServiceError(Exception):
    """A call to kb or web that brought no result."""


class Unavailable(ServiceError):
    pass


class Refused(ServiceError):
    def __init__(self, code: str, field: str | None) -> None:
        super().__init__(f"{code} ({field})")
        self.code = code
        self.field = field


class Conflict(ServiceError):
    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code
