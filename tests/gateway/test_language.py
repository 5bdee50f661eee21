"""The conversation speaks the customer's language, and does not change it for a name or an error message."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bot.gateway.language import Languages
from tests.gateway.site import Site, Talk, Turn, content, text_reply

SAME_SENSE = [
    (
        "Comment puis-je demander mon mot de passe ?",
        "Wie kann ich mein Passwort anfordern?",
        "How can I request my password?",
    ),
    ("Comment créer un nouvel utilisateur ?", "Wie lege ich einen neuen Benutzer an?", "How do I create a new user?"),
    (
        "J'ai des questions sur une facture",
        "Ich habe Fragen zu einer Rechnung",
        "I have questions about an invoice",
    ),
    (
        "PaperOffice est bloqué par mon antivirus",
        "PaperOffice wird von meinem Virenscanner blockiert",
        "PaperOffice is blocked by my antivirus",
    ),
    (
        "Je rencontre des problèmes avec mon périphérique NAS",
        "Ich habe Probleme mit meinem NAS-Gerät",
        "I am having problems with my NAS device",
    ),
    (
        "J'ai besoin d'aide pour la création de REGEX",
        "Ich brauche Hilfe beim Erstellen von REGEX",
        "I need help creating a REGEX",
    ),
    (
        "ca marche pas, je veux parler a quelqu'un",
        "das geht nicht, ich will jemanden sprechen",
        "it doesn't work, i want to talk to someone",
    ),
]
CODES = ("fr", "de", "en")
SENTENCES = [(code, text) for texts in SAME_SENSE for code, text in zip(CODES, texts, strict=True)]
TELLS_NOTHING = [
    "ok",
    "merci",
    "facture",
    "Problem",
    "NAS",
    "DATEV",
    "SLA-2026-0042",
    "client@example.org",
    "+33 6 12 34 56 78",
    "https://www.example.com/how/do/you/do",
    "C:\\Program Files\\Archivelle",
    "12.03.2026",
    "😀😀😀",
    "???",
    "مرحبا كيف حالك",
]


@pytest.fixture(scope="module")
def languages() -> Iterator[Languages]:
    catalogue = content()[1]
    made = Languages(CODES, {code: " ".join(catalogue.words(code, "system.everyday")) for code in CODES})
    yield made
    made.close()


async def follow(
    languages: Languages, text: str, current: str, leaning: str | None = None, in_form: bool = False
) -> tuple[str, str | None]:
    verdict = await languages.follow(text, current, leaning, in_form=in_form)
    return verdict.lang, verdict.leaning


@pytest.mark.parametrize(("code", "text"), SENTENCES)
async def test_a_clear_sentence_sets_the_language_whatever_it_was(languages: Languages, code: str, text: str) -> None:
    for current in CODES:
        assert (await follow(languages, text, current))[0] == code, current


@pytest.mark.parametrize("text", TELLS_NOTHING)
async def test_what_tells_nothing_changes_nothing(languages: Languages, text: str) -> None:
    for current in CODES:
        assert (await follow(languages, text, current))[0] == current


async def test_two_doubtful_messages_of_the_same_language_are_enough(languages: Languages) -> None:
    lang, leaning = await follow(languages, "Passwort vergessen", "fr")
    assert (lang, leaning) == ("fr", "de")
    assert await follow(languages, "ok", lang, leaning) == ("fr", "de")
    assert await follow(languages, "Rechnung anfordern", lang, leaning) == ("de", None)


async def test_going_on_in_the_old_language_takes_the_doubt_away(languages: Languages) -> None:
    assert await follow(languages, "Comment faire cela ?", "fr", "de") == ("fr", None)


@pytest.mark.parametrize(("code", "text"), SENTENCES)
async def test_inside_a_form_the_language_stays(languages: Languages, code: str, text: str) -> None:
    for current in CODES:
        assert await follow(languages, text, current, in_form=True) == (current, None)


async def test_the_articles_own_questions_are_recognised(languages: Languages) -> None:
    """On all example questions of the content: at most 1 % taken for another language than their own; and of those with
    more than three words (« scanner TWAIN » is of no language) at least 93 % heard at once where the conversation
    was in another."""
    import frontmatter

    from tests.gateway.site import CONTENT

    lost = heard = total = sentences = 0
    for path in CONTENT.glob("*/*.md"):
        article = frontmatter.load(path).metadata
        code = article.get("lang")
        if code not in CODES:
            continue
        for question in article.get("questions") or []:
            total += 1
            lost += (await follow(languages, question, code))[0] != code
            if len(question.split()) > 3:
                sentences += 1
                other = CODES[(CODES.index(code) + 1) % 3]
                heard += (await follow(languages, question, other))[0] == code
    assert sentences > 100
    assert lost / total <= 0.01
    assert heard / sentences >= 0.93, f"{heard} of {sentences}"


@pytest.mark.parametrize(
    ("wanted", "code"), [("de", "de"), ("de-AT", "de"), ("EN_us", "en"), ("it", "fr"), ("", "fr"), (None, "fr")]
)
def test_the_nearest_language_of_the_company_is_chosen(languages: Languages, wanted: str | None, code: str) -> None:
    assert languages.choose(wanted) == code


def test_a_code_that_is_no_language_is_refused() -> None:
    with pytest.raises(ValueError, match="languages: expected ISO 639-1"):
        Languages(["fr", "xx"], {})._follow("eins zwei drei vier", "fr", None)


async def test_rasa_and_the_events_get_the_new_language(site: Site, talk: Talk) -> None:
    await talk.say("How do I create a new user, please?")
    events = await talk.replies(1)
    assert site.rasa.calls[0]["lang"] == "en"
    assert [event["lang"] for event in events] == ["fr", "en", "en"]
    conversation = await site.gateway.journal.conversation(talk.id)
    assert conversation is not None
    assert conversation.lang == "en"


async def test_a_form_keeps_the_language_until_it_ends(site: Site, talk: Talk) -> None:
    form: str | None = "ticket_form"

    async def ask(_turn: Turn) -> object:
        return text_reply("Votre question ?") | {"state": {"active_loop": form, "requested_slot": "ticket_text"}}

    site.rasa.answer = ask
    await talk.say("Je veux écrire un ticket")
    await talk.replies(1)
    form = None
    await talk.say("The system cannot find the file that was specified")
    await talk.replies(2)
    await talk.say("How do I create a new user, please?")
    await talk.replies(3)
    assert [call["lang"] for call in site.rasa.calls] == ["fr", "fr", "en"]


def test_it_costs_little_memory(languages: Languages) -> None:
    """Measured in a process of its own: the small models take about 12 MB, the large ones 130."""
    import subprocess
    import sys

    script = (
        "import psutil, lingua\n"
        "from bot.gateway.language import Languages\n"
        "before = psutil.Process().memory_info().rss\n"
        "Languages(['fr', 'de', 'en'], {})._follow('how do you do this', 'fr', None)\n"
        "print(psutil.Process().memory_info().rss - before)\n"
    )
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert int(said) < 60_000_000
