"""The fifteen example questions of the five levels, asked of the whole running system."""

from __future__ import annotations

import aiohttp
import pytest

from tests.chat import Chat, outcome_of, text_of
from tests.running import ROOT, Guichet

ANSWERED = [
    ("fr", "Comment puis-je demander mon mot de passe ?", "reset-password"),
    ("fr", "Comment créer un nouvel utilisateur ?", "create-user"),
    ("fr", "Quelles bases de données PaperOffice prend-il en charge ?", "supported-databases"),
    ("de", "Wie kann ich mein Passwort anfordern?", "reset-password"),
    ("de", "Wie lege ich einen neuen Benutzer an?", "create-user"),
    ("de", "Welche Datenbanken unterstützt PaperOffice?", "supported-databases"),
    ("en", "How can I request my password?", "reset-password"),
    ("en", "How do I create a new user?", "create-user"),
    ("en", "Which databases does PaperOffice support?", "supported-databases"),
]

HANDED_OVER = [
    ("fr", "J'ai des questions sur une facture", 1, "ticket"),
    ("fr", "J'ai besoin d'une mise à jour du programme", 1, "ticket"),
    ("fr", "Je souhaite activer PaperOffice Plus", 1, "ticket"),
    ("fr", "PaperOffice est bloqué par mon antivirus", 2, "callback"),
    ("fr", "Je souhaite exporter ma facture pour DATEV", 2, "callback"),
    ("fr", "J'ai besoin d'aide pour apprendre dans les documents", 2, "callback"),
    ("fr", "J'ai des problèmes avec la base de données", 3, "sla"),
    ("fr", "J'ai besoin d'aide pour la création de REGEX", 3, "sla"),
    ("fr", "J'ai besoin d'aide pour configurer l'API PaperOffice", 3, "sla"),
    ("fr", "Je rencontre des problèmes avec mon périphérique NAS", 4, "sla"),
    ("fr", "Mon serveur de base de données externe doit être optimisé", 4, "sla"),
    ("fr", "PaperOffice ne fonctionne pas comme prévu sur Windows Terminal Server", 4, "sla"),
    ("de", "Ich habe Fragen zu einer Rechnung", 1, "ticket"),
    ("de", "Ich brauche ein Programm-Update", 1, "ticket"),
    ("de", "Ich möchte PaperOffice Plus aktivieren", 1, "ticket"),
    ("de", "PaperOffice wird von meinem Virenscanner blockiert", 2, "callback"),
    ("de", "Ich möchte meine Rechnung für DATEV exportieren", 2, "callback"),
    ("de", "Ich brauche Hilfe beim Anlernen von Dokumenten", 2, "callback"),
    ("de", "Ich habe Probleme mit der Datenbank", 3, "sla"),
    ("de", "Ich brauche Hilfe beim Erstellen von REGEX", 3, "sla"),
    ("de", "Ich brauche Hilfe beim Einrichten der PaperOffice-API", 3, "sla"),
    ("de", "Ich habe Probleme mit meinem NAS-Gerät", 4, "sla"),
    ("de", "Mein externer Datenbankserver muss optimiert werden", 4, "sla"),
    ("de", "PaperOffice läuft auf dem Windows Terminal Server nicht wie erwartet", 4, "sla"),
    ("en", "I have questions about an invoice", 1, "ticket"),
    ("en", "I need a program update", 1, "ticket"),
    ("en", "I would like to activate PaperOffice Plus", 1, "ticket"),
    ("en", "PaperOffice is blocked by my antivirus", 2, "callback"),
    ("en", "I want to export my invoice for DATEV", 2, "callback"),
    ("en", "I need help with training documents", 2, "callback"),
    ("en", "I have problems with the database", 3, "sla"),
    ("en", "I need help creating a REGEX", 3, "sla"),
    ("en", "I need help configuring the PaperOffice API", 3, "sla"),
    ("en", "I am having problems with my NAS device", 4, "sla"),
    ("en", "My external database server needs to be optimised", 4, "sla"),
    ("en", "PaperOffice does not work as expected on Windows Terminal Server", 4, "sla"),
]


@pytest.mark.parametrize(("lang", "question", "article"), ANSWERED)
async def test_a_level_0_question_is_answered_verbatim_from_its_article(
    guichet: Guichet, http: aiohttp.ClientSession, lang: str, question: str, article: str
) -> None:
    chat = await Chat.begin(http, guichet.url, lang)
    replies = await chat.say(question)
    assert outcome_of(replies) == "answer", text_of(replies)
    answer = next(event for event in replies if event["type"] == "answer")
    source = answer["source"]
    assert source["article"] == article
    async with http.get(guichet.url + source["url"]) as page:
        assert page.status == 200
    article_text = (ROOT / "data" / "faq" / f"{article}.{lang}.md").read_text()
    assert answer["text"] in article_text, "the answer's words do not stand in the article"
    assert any("buttons" in event for event in replies), "no « did this help »"


@pytest.mark.parametrize(("lang", "question", "level", "channel"), HANDED_OVER)
async def test_a_question_of_a_higher_level_is_offered_its_channel(
    guichet: Guichet, http: aiohttp.ClientSession, lang: str, question: str, level: int, channel: str
) -> None:
    chat = await Chat.begin(http, guichet.url, lang)
    replies = await chat.say(question)
    decision = next((event["decision"] for event in replies if "decision" in event), None)
    assert decision is not None, text_of(replies)
    assert (decision["outcome"], decision["level"], decision["channel"]) == ("handoff", level, channel)
