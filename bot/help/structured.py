"""An article as search engines read it (schema.org)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.gateway.markdown import excerpt
from bot.help.context import Speech

_TYPES = {"manual": "TechArticle", "blog": "BlogPosting"}


def article_data(say: Speech, found: Mapping[str, Any], html: str, path: str) -> dict[str, Any]:
    """A question with its answer, a video or an article. `html` is its text, sanitised."""
    base, title = say.gateway.settings.base_url, str(found["title"])
    day = str(found.get("updated") or "")[:10]
    facts: dict[str, Any] = {"inLanguage": say.lang, "url": base + path}
    if day:
        facts["dateModified"] = day
    if found.get("kind") == "faq":
        answer = {"@type": "Answer", "text": html, "inLanguage": say.lang}
        question = {"@type": "Question", "name": title, "acceptedAnswer": answer}
        return {"@type": "FAQPage", "mainEntity": [question], **facts}
    company = {"@type": "Organization", "name": say.gateway.company.identity.name, "url": base}
    description = excerpt(str(found["text"]))
    if found.get("kind") == "video":
        video = {"@type": "VideoObject", "name": title, "description": description, "publisher": company}
        return video | ({"uploadDate": day} if day else {}) | {"contentUrl": found.get("video")} | facts
    kind = _TYPES.get(str(found.get("kind")), "Article")
    return {
        "@type": kind,
        "headline": title,
        "description": description,
        "author": company,
        "publisher": company,
    } | facts
