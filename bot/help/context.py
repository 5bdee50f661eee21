"""What the handlers of the help page share."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass, field
from html import escape
from typing import Generic, TypeVar

from aiohttp import web
from babel import Locale, UnknownLocaleError

from bot.gateway.context import GATEWAY, Gateway
from bot.help.shelf import Shelves
from bot.http import ApiError

T = TypeVar("T")


class HelpError(ApiError):
    """Its sentence is `help.error.<code>` of the catalogue."""

    section = "help"


class Kept(Generic[T]):
    """What was made last, by key: the `most` used last."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: OrderedDict[Hashable, T] = OrderedDict()

    def get(self, key: Hashable) -> T | None:
        if key in self._kept:
            self._kept.move_to_end(key)
        return self._kept.get(key)

    def put(self, key: Hashable, value: T) -> T:
        self._kept[key] = value
        while len(self._kept) > self._most:
            self._kept.popitem(last=False)
        return value


@dataclass(frozen=True, slots=True)
class Help:
    """Made by `bot.help.start`. `lists`: HTML of pages that are lists of articles; `related`: articles' ids by that of
    the one they are near to. Both by the shelf's mark."""

    shelves: Shelves = field(default_factory=Shelves)
    lists: Kept[str] = field(default_factory=lambda: Kept[str](200))
    related: Kept[tuple[str, ...]] = field(default_factory=lambda: Kept[tuple[str, ...]](2_000))


HELP: web.AppKey[Help] = web.AppKey("help", Help)


@dataclass(frozen=True, slots=True)
class Speech:
    """The catalogue in one language, for HTML."""

    gateway: Gateway
    lang: str

    def plain(self, key: str, /, **values: object) -> str:
        return self.gateway.catalogue.text(self.lang, f"help.{key}", **values)

    def __call__(self, key: str, /, **values: object) -> str:
        return escape(self.plain(key, **values))

    def many(self, key: str, count: int, **values: object) -> str:
        """The sentence for one or for several."""
        form = "one" if count == 1 else "other"
        return self(f"{key}.{form}", count=count, **values)

    def category(self, name: str) -> str:
        """A category's name for people, not yet escaped; a key that the catalogue lacks, as it can be read."""
        try:
            return self.plain(f"categories.{name}")
        except KeyError:
            return name.replace("-", " ").replace("_", " ").capitalize()

    def language(self, code: str) -> str:
        """A language's name in this one, not yet escaped."""
        try:
            return str(Locale.parse(code, sep="-").get_display_name(self.lang) or code)
        except (ValueError, UnknownLocaleError):
            return code


def language_name(code: str) -> str:
    """A language's own name, with a capital."""
    try:
        name = str(Locale.parse(code, sep="-").get_display_name() or code)
    except (ValueError, UnknownLocaleError):
        return code
    return name[:1].upper() + name[1:]


def speech(request: web.Request, lang: str | None = None) -> Speech:
    """In the language named, else in that of `?lang=`, else in the browser's."""
    gateway = request.app[GATEWAY]
    wanted = lang or gateway.languages.named(request.query.get("lang"))
    return Speech(gateway, wanted or gateway.lang_of(request))
