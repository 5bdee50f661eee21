"""The way from the help's first page to where one is, for readers and for search engines; days as they are said."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from html import escape
from typing import Any
from urllib.parse import quote

from babel.dates import format_date

from bot.help.context import Speech

Step = tuple[str, str | None]  # title and path; the page itself, which comes last, needs none


def category_path(lang: str, name: str) -> str:
    return f"/help/categories/{quote(name, safe='')}?lang={lang}"


def trail(say: Speech, steps: Sequence[Step]) -> str:
    """Breadcrumbs, the help's first page first."""
    links = [_step(title, path) for title, path in ((say.plain("title"), f"/help?lang={say.lang}"), *steps)]
    return f'<nav class="trail" aria-label="{say("trail")}"><ol>{"".join(links)}</ol></nav>'


def _step(title: str, path: str | None) -> str:
    if path is None:
        return f'<li aria-current="page">{escape(title)}</li>'
    return f'<li><a href="{escape(path)}">{escape(title)}</a></li>'


def trail_data(say: Speech, steps: Sequence[Step]) -> dict[str, Any]:
    """The same for search engines; every step with its path."""
    base = say.gateway.settings.base_url
    first: Step = (say.plain("title"), f"/help?lang={say.lang}")
    items = [
        {"@type": "ListItem", "position": place, "name": title, "item": f"{base}{path}"}
        for place, (title, path) in enumerate((first, *steps), 1)
    ]
    return {"@type": "BreadcrumbList", "itemListElement": items}


def day_of(value: object, lang: str) -> str | None:
    """A day in words; None where it is none."""
    try:
        return format_date(date.fromisoformat(str(value)[:10]), "long", locale=lang)
    except ValueError:
        return None
