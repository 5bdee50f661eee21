"""Any ticket system with a JSON API, described by a YAML file (docs/connect.md has one to begin with)."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from .adapter import Client, NewMessage, NewTicket, Remote, SystemSettings, UnsureError, at
from .context import verify

_PLACE = re.compile(r"\{([a-z_]+)\}")


class TemplateError(Exception):
    """The file cannot be used; the message says where and why."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Call(_Strict):
    method: Literal["GET", "POST", "PUT", "PATCH"] = "GET"
    path: str = Field(pattern=r"^/")
    body: Any = None


class Listing(Call):
    """`items` is where the list is in the answer ("": the answer itself)."""

    items: str = ""


class Template(_Strict):
    """Paths such as `ticket.id` are into the answers of `create` and `read`, or an item of `find`."""

    system: str = Field(pattern=r"^[a-z0-9_-]{1,40}$")
    headers: dict[str, str]
    create: Call
    find: Listing
    read: Call
    add: Call
    messages: Listing
    message_key: str
    ticket: str = ""  # where the ticket is in the answers of `create` and `read`
    id: str = "id"
    state: str = "state"
    done: tuple[str, ...]
    page: str | None = None
    changed: str = "id"


def load_template(path: Path) -> Template:
    """TemplateError: which entry, what was expected."""
    try:
        return Template.model_validate(yaml.safe_load(path.read_text("utf-8")))
    except OSError as error:
        raise TemplateError(f"{path}: cannot be read ({error.strerror})") from None
    except yaml.YAMLError as error:
        raise TemplateError(f"{path}: expected YAML, got {str(error).splitlines()[0]}") from None
    except ValidationError as error:
        lines = [f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors()]
        raise TemplateError(f"{path}: cannot be used:\n  " + "\n  ".join(lines)) from None


class Rest:
    """Speaks as the template says."""

    def __init__(
        self,
        settings: SystemSettings,
        template: Template,
        now: Callable[[], datetime] = lambda: datetime.fromtimestamp(time.time(), UTC),
    ) -> None:
        self.system = template.system
        self._template = template
        self._secret = settings.secret
        self._now = now
        headers = {name: _filled(text, {"token": settings.token}) for name, text in template.headers.items()}
        self._client = Client(settings, headers)

    async def find(self, ref: str) -> Remote | None:
        found = at(await self._call(self._template.find, {"ref": ref}), self._template.find.items)
        first = next(iter(found), None) if isinstance(found, list) else None
        return None if first is None else await self.read(self._id(first))

    async def create(self, ticket: NewTicket) -> Remote:
        values = {
            "ref": ticket.ref,
            "subject": ticket.subject,
            "text": ticket.text,
            "level": ticket.level,
            "lang": ticket.lang,
            "email": ticket.email,
            "phone": ticket.phone,
            "files": [file.name for file in ticket.files],
        }
        # A system that knows the header makes no second ticket, whatever is said here.
        made = await self._call(self._template.create, values, **{"Idempotency-Key": ticket.ref})
        return self._remote(at(made, self._template.ticket))

    async def add(self, identifier: str, message: NewMessage) -> None:
        template = self._template
        values = {
            "id": identifier,
            "ref": message.ref,
            "message": message.id,
            "text": message.text,
            "author": message.author,
            "from": "customer" if message.by_customer else "agent",
            "files": [file.name for file in message.files],
        }
        known = at(await self._call(template.messages, values), template.messages.items)
        if isinstance(known, list) and any(at(item, template.message_key) == message.id for item in known):
            return
        await self._call(template.add, values, **{"Idempotency-Key": message.id})

    async def read(self, identifier: str) -> Remote:
        return self._remote(at(await self._call(self._template.read, {"id": identifier}), self._template.ticket))

    def named(self, headers: Mapping[str, str], body: bytes) -> str | None:
        verify(self._secret, headers, body, self._now())
        try:
            identifier = at(json.loads(body), self._template.changed)
        except (ValueError, RecursionError):
            return None
        return str(identifier) if isinstance(identifier, int | str) else None

    async def close(self) -> None:
        await self._client.close()

    async def _call(self, call: Call, values: Mapping[str, Any], **headers: str) -> Any:
        path = _PLACE.sub(lambda match: quote(str(values.get(match.group(1), match.group())), safe=""), call.path)
        body = None if call.body is None else _filled(call.body, values)
        return await self._client.call(call.method, path, body, **headers)

    def _id(self, ticket: Any) -> str:
        identifier = at(ticket, self._template.id)
        if not isinstance(identifier, int | str) or identifier == "":
            raise UnsureError(f"expected the ticket's id at {self._template.id!r}, got none")
        return str(identifier)

    def _remote(self, ticket: Any) -> Remote:
        identifier, state = self._id(ticket), at(ticket, self._template.state)
        if not isinstance(state, int | str):
            raise UnsureError(f"expected the ticket's state at {self._template.state!r}, got none")
        page = self._template.page and _filled(self._template.page, {"id": quote(identifier, safe="")})
        return Remote(id=identifier, url=page, state=str(state), done=str(state) in self._template.done)


def _filled(template: Any, values: Mapping[str, Any]) -> Any:
    """The template with its places filled; a text that is one place alone becomes the value itself (a number, a list).
    What customers wrote is put in as it is and never read as a template."""
    if isinstance(template, Mapping):
        return {name: _filled(item, values) for name, item in template.items()}
    if isinstance(template, list):
        return [_filled(item, values) for item in template]
    if not isinstance(template, str):
        return template
    whole = _PLACE.fullmatch(template)
    if whole and whole.group(1) in values:
        return values[whole.group(1)]
    return _PLACE.sub(lambda match: str(values.get(match.group(1), match.group())), template)
