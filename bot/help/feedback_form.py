"""« Cet article vous a-t-il été utile ? » as readers see it: a plain form, which the script `feedback` sends unseen."""

from __future__ import annotations

from html import escape

from bot.help.context import Speech
from bot.help.frame import people_actions

MAX_WORDS = 1000
SAID = ("yes", "no", "words")


def feedback_form(say: Speech, path: str, version: str, said: str | None) -> str:
    """All that can come of it is on the page; `data-said` says what is shown: the question, thanks for a yes, the
    question what was missing after a no, thanks for the words."""
    shown = said if said in SAID else ""
    kept = f'<input type="hidden" name="version" value="{escape(version)}">'
    ask = (
        f'<form method="post" action="{escape(path)}/feedback" class="ask">{kept}'
        f'<h2 id="helpful-title">{say("feedback.question")}</h2><p class="actions">'
        f'<button name="helpful" value="yes" class="quiet">{say("feedback.yes")}</button>'
        f'<button name="helpful" value="no" class="quiet">{say("feedback.no")}</button></p></form>'
    )
    words = (
        f'<form method="post" action="{escape(path)}/feedback" class="words">{kept}'
        f'<input type="hidden" name="helpful" value="no"><label for="missing">{say("feedback.words")}</label>'
        f'<textarea id="missing" name="words" rows="3" maxlength="{MAX_WORDS}" aria-describedby="missing-hint">'
        f'</textarea><p id="missing-hint" class="meta">{say("feedback.hint")}</p>'
        f'<p class="actions"><button>{say("feedback.send")}</button></p></form>'
    )
    told = {"yes": say("feedback.thanks"), "no": say("feedback.sorry"), "words": say("feedback.sent")}
    data = " ".join(f'data-{name}="{text}"' for name, text in told.items())
    person = f'<div class="person"><p>{say("feedback.person")}</p>{people_actions(say)}</div>'
    change = f'<p class="change"><button type="button" class="link" hidden>{say("feedback.change")}</button></p>'
    return (
        f'<section id="helpful" class="helpful" data-said="{shown}" data-version="{escape(version)}" '
        f'data-failed="{say("feedback.failed")}" aria-labelledby="helpful-title">'
        f'{ask}<p class="told" role="status" {data}>{told.get(shown, "")}</p><p class="failed" role="alert"></p>'
        f"{words}{person}{change}</section>"
    )
