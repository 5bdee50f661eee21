"""Articles in lists, each with the beginning of its text."""

from __future__ import annotations

from html import escape

from bot.help.context import Speech
from bot.help.shelf import Entry
from bot.help.trail import day_of


def section(say: Speech, key: str, rows: str) -> str:
    name = key.replace(".", "-")
    title = f'<h2 id="{name}">{say(key)}</h2>'
    return f'<section aria-labelledby="{name}">{title}<ul class="rows">{rows}</ul></section>'


def row_of(say: Speech, one: Entry, level: int) -> str:
    """An article with the beginning of its text, and its day where it is news."""
    day = day_of(one.updated, say.lang) if one.kind == "blog" else None
    meta = f'<p class="meta">{escape(day)}</p>' if day else ""
    return (
        f'<li class="row kind-{one.kind}"><h{level}><a href="{one.url}">{escape(one.title)}</a></h{level}>'
        f"<p>{escape(one.summary)}</p>{meta}</li>"
    )
