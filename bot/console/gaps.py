"""What is missing: questions without a good answer, grouped by meaning; articles that do not help; those unused."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import case, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.cases.desk_tables import messages as replies
from bot.cases.figures import wilson
from bot.cases.tables import cases
from bot.console.context import KINDS, ConsoleError
from bot.console.kb import Kb
from bot.console.tables import asked, files, gaps
from bot.help.tables import article_feedback
from bot.staff.tables import text_of

MOST_QUESTIONS = 2_000  # different ones that are grouped
MOST_GAPS, MOST_SHOWN = 100, 30
MOST_ARTICLES = 500
WEAK = 0.15  # from what the share of « not helpful » surely is, an article is weak


@dataclass
class Question:
    """One wording, by all who used it."""

    text: str
    lang: str
    times: list[str] = field(default_factory=list)  # when it was asked
    outcomes: Counter[str] = field(default_factory=Counter)
    conversations: set[str] = field(default_factory=set)

    @property
    def mark(self) -> str:
        return mark(self.text, self.lang)


def mark(text: str, lang: str) -> str:
    """What a dismissed question is remembered by."""
    return hashlib.sha256(f"{lang}\n{text.casefold()}".encode()).hexdigest()[:32]


async def unanswered(conn: AsyncConnection, since: datetime) -> list[Question]:
    """What got no answer, or one that did not help; the most frequent first, without what was dismissed."""
    vain = (asked.c.outcome == "handoff") & asked.c.reason.in_(("low_probability", "not_helpful", "empty_index"))
    query = select(asked).where(asked.c.at >= text_of(since), vain | asked.c.helpful.is_(False)).order_by(asked.c.at)
    found: dict[tuple[str, str], Question] = {}
    for row in await conn.execute(query):
        one = found.setdefault((row.text.casefold(), row.lang), Question(row.text, row.lang))
        one.times.append(row.at)
        one.outcomes["not_helpful" if row.helpful is False or row.reason == "not_helpful" else "handoff"] += 1
        if row.conversation:
            one.conversations.add(row.conversation)
    dismissed = set((await conn.execute(select(gaps.c.question))).scalars())
    kept = [one for one in found.values() if one.mark not in dismissed]
    return sorted(kept, key=lambda one: -len(one.times))[:MOST_QUESTIONS]


async def grouped(kb: Kb, questions: Sequence[Question]) -> tuple[list[list[Question]], bool]:
    """Groups of one meaning, the most frequent first; every question by itself where kb cannot be asked (False)."""
    if not questions:
        return [], True
    body = [{"text": one.text, "lang": one.lang, "count": len(one.times)} for one in questions]
    try:
        answer = await kb.call("POST", "/groups", {"questions": body}, long=True)
    except ConsoleError:
        return [[one] for one in questions], False
    groups = [[questions[place] for place in group["members"]] for group in answer["groups"]]
    return sorted(groups, key=lambda group: -sum(len(one.times) for one in group)), True


def shown(group: Sequence[Question], since: datetime, now: datetime, reply: Mapping[str, Any] | None) -> dict[str, Any]:
    """A gap as the API shows it. `trend`: how often in each week, the last one last."""
    members = sorted(group, key=lambda one: -len(one.times))
    times = [at for one in members for at in one.times]
    weeks = max(1, -(-(now - since).days // 7))
    trend = [0] * weeks
    for at in times:
        ago = int((now - datetime.fromisoformat(at.replace("Z", "+00:00"))).total_seconds() // (7 * 86400))
        trend[max(0, weeks - 1 - ago)] += 1
    outcomes = sum((one.outcomes for one in members), Counter[str]())
    return {
        "id": members[0].mark,
        "name": members[0].text,
        "lang": members[0].lang,
        "count": len(times),
        "trend": trend,
        "outcome": outcomes.most_common(1)[0][0],
        "questions": [
            {"text": one.text, "lang": one.lang, "count": len(one.times), "last": max(one.times)}
            for one in members[:MOST_SHOWN]
        ],
        "agent_reply": reply,
    }


async def reply_to(conn: AsyncConnection, group: Sequence[Question]) -> dict[str, Any] | None:
    """The last words that an agent wrote to somebody who asked this, while it is known who did."""
    names = {name for one in group for name in one.conversations}
    if not names:
        return None
    query = (
        select(replies.c.text, replies.c.ref, replies.c.at)
        .join(cases, cases.c.ref == replies.c.ref)
        .where(cases.c.conversation.in_(list(names)[:500]), replies.c.kind == "reply")
        .order_by(replies.c.at.desc())
        .limit(1)
    )
    row = (await conn.execute(query)).first()
    return {"text": row.text, "ref": row.ref} if row is not None else None


async def weak(conn: AsyncConnection, since: datetime) -> list[dict[str, Any]]:
    """Articles that surely often do not help, in the chat and on their pages: the surest first."""
    good = func.sum(case((asked.c.helpful.is_(True), 1), else_=0))
    bad = func.sum(case((asked.c.helpful.is_(False), 1), else_=0))
    key = (asked.c.article, asked.c.lang, asked.c.version)
    in_chat = select(*key, func.count(), good, bad).where(
        asked.c.article.is_not(None), asked.c.at >= text_of(since)
    ).group_by(*key)  # fmt: skip
    opinions = article_feedback.c
    helped = func.sum(case((opinions.helpful, 1), else_=0))
    page_key = (opinions.article, opinions.lang, opinions.version)
    on_page = (
        select(*page_key, func.count(), helped, func.count() - helped)
        .where(opinions.at >= text_of(since))
        .group_by(*page_key)
    )
    counted: dict[tuple[str, str], dict[str, Any]] = {}
    for query, shown_too in ((in_chat, True), (on_page, False)):
        for article, lang, version, count, yes, no in await conn.execute(query):
            one = counted.setdefault((article, lang), {"shown": 0, "helpful": 0, "not_helpful": 0, "versions": {}})
            one["shown"] += count if shown_too else 0
            one["helpful"] += int(yes or 0)
            one["not_helpful"] += int(no or 0)
            own = one["versions"].setdefault(version, {"helpful": 0, "not_helpful": 0})
            own["helpful"] += int(yes or 0)
            own["not_helpful"] += int(no or 0)
    rows = await _titles(conn)
    found = []
    for (article, lang), one in counted.items():
        between = wilson(one["not_helpful"], one["helpful"] + one["not_helpful"])
        row = rows.get((article, lang))
        if between is not None and between[0] >= WEAK and row is not None:
            interval = {"low": round(between[0], 4), "high": round(between[1], 4)}
            about = {"article": article, "lang": lang, "kind": row.kind, "title": row.title, "version": row.version}
            found.append({**about, **one, "interval": interval})
    return sorted(found, key=lambda one: (-one["interval"]["low"], one["article"]))[:MOST_ARTICLES]


async def unused(conn: AsyncConnection, since: datetime) -> list[dict[str, Any]]:
    """Published articles that no answer has shown since; not those that were changed meanwhile."""
    used = select(asked.c.article).where(asked.c.at >= text_of(since), asked.c.article.is_not(None))
    query = (
        select(files.c.article, files.c.kind, files.c.lang, files.c.title, files.c.updated)
        .where(
            files.c.version.is_not(None),
            files.c.kind.in_([kind for kind in KINDS if kind != "topic"]),
            files.c.article.not_in(used),
            func.coalesce(files.c.updated, "") < since.date().isoformat(),
        )
        .order_by(files.c.title, files.c.article, files.c.lang)
        .limit(MOST_ARTICLES)
    )
    return [dict(row._mapping) for row in await conn.execute(query)]


async def _titles(conn: AsyncConnection) -> dict[tuple[str, str], Any]:
    query = select(files.c.article, files.c.lang, files.c.kind, files.c.title, files.c.version).where(
        files.c.kind.in_([kind for kind in KINDS if kind != "topic"])
    )
    return {(row.article, row.lang): row for row in await conn.execute(query)}


def since_of(now: datetime, days: int) -> datetime:
    return now - timedelta(days=days)
