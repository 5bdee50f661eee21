"""Planted confusions are found in three languages, each with a cure; what only looks alike is left in peace."""

from __future__ import annotations

import dataclasses

import pytest

from kb_index.building import build_index
from kb_index.config import Config
from kb_index.content import Article
from kb_index.encoder import Encoder
from kb_index.lint import Finding, lint
from tests.kb_index.conftest import article

CONFIG = Config((), {"fr": "french", "de": "german", "en": "english"})
OTHERS = [
    ("scan", "en", "Scan a document", "Put the page into the scanner and press the green button.",
     ("How do I scan a document?", "digitise paper", "use the scanner", "capture a letter")),
    ("theme", "en", "Dark theme", "Choose the dark colours in your profile.",
     ("How do I turn on dark mode?", "dark theme", "screen too bright", "night colours")),
    ("invite", "fr", "Inviter un collègue", "Ouvrez l’administration et choisissez Nouvel utilisateur.",
     ("Comment inviter un collègue ?", "ajouter une personne", "nouveau compte", "créer un utilisateur")),
    ("druck", "de", "Drucken", "Wählen Sie im Menü den Drucker.",
     ("Wie drucke ich?", "Ausdruck auf Papier", "Drucker wählen", "Seite drucken")),
]  # fmt: skip


def made(ident: str, lang: str, title: str, text: str, questions: tuple[str, ...] = ()) -> Article:
    return article(text, id=ident, lang=lang, title=title, questions=questions or (title, f"{title} ?", f"{title} …"))


def found(encoder: Encoder, *articles: Article) -> list[Finding]:
    others = [made(*row) for row in OTHERS]
    findings = lint(build_index([*others, *articles], (), CONFIG, encoder, 0.1), encoder)
    assert all(finding.cure and finding.message for finding in findings)
    return findings


def kinds(findings: list[Finding]) -> set[str]:
    return {finding.kind for finding in findings} - {"few_questions", "missing_language"}


PLANTED = {
    "fr duration": ("fr", "Le lien de réinitialisation reste valable 24 heures.",
                    "Le lien de réinitialisation est valable deux jours."),
    "fr limit": ("fr", "La taille maximale d’une pièce jointe est de 25 Mo.",
                 "Une pièce jointe a une taille maximale de 10 Mo."),
    "de time": ("de", "Der Telefonsupport ist bis 18 Uhr erreichbar.", "Der Telefonsupport ist bis 17:00 erreichbar."),
    "de denial": ("de", "Gelöschte Rechnungen können wiederhergestellt werden.",
                  "Gelöschte Rechnungen können nicht wiederhergestellt werden."),
    "en count": ("en", "A password must have at least 12 characters.", "The password has at least eight characters."),
    "en denial": ("en", "Archived invoices can be edited later.", "Archived invoices cannot be edited later."),
    "fr price": ("fr", "L’assistance par téléphone est gratuite.", "L’assistance par téléphone est payante."),
}  # fmt: skip


@pytest.mark.parametrize("name", PLANTED)
def test_a_contradiction_between_two_articles_is_found(encoder: Encoder, name: str) -> None:
    lang, one, other = PLANTED[name]
    findings = found(encoder, made("a", lang, "Zebra", one), made("b", lang, "Walrus", other))
    (contradiction,) = [finding for finding in findings if finding.kind == "contradiction"]
    assert contradiction.where == f"article a, article b ({lang})"
    assert one in contradiction.message
    assert other in contradiction.message


HARMLESS = {
    "other subject": ("fr", "Le lien de réinitialisation est valable 24 heures.",
                      "Un document supprimé reste 30 jours dans la corbeille."),
    "same number otherwise written": ("en", "The link is valid for 24 hours.", "The link is valid for one day."),
    "a condition": ("de", "Die E-Mail kommt sofort an.", "Wenn die E-Mail nicht ankommt, sehen Sie im Spam nach."),
    "other object": ("en", "You can rename a folder.", "You cannot rename the recycle bin."),
    "other unit": ("fr", "La pièce jointe a au plus 25 Mo.", "La pièce jointe a au plus 5 pages."),
}  # fmt: skip


@pytest.mark.parametrize("name", HARMLESS)
def test_what_only_looks_alike_is_no_contradiction(encoder: Encoder, name: str) -> None:
    lang, one, other = HARMLESS[name]
    findings = found(encoder, made("a", lang, "Zebra", one), made("b", lang, "Walrus", other))
    assert not [finding for finding in findings if finding.kind == "contradiction"]


def test_yes_here_and_no_there_is_found(encoder: Encoder) -> None:
    one = made("a", "fr", "Puis-je annuler une facture ?", "Oui, dans le menu de la facture.")
    other = made("b", "fr", "Puis-je annuler une facture envoyée ?", "Non, demandez un avoir à la comptabilité.")
    other = dataclasses.replace(other, questions=("puis-je annuler une facture", "avoir", "comptabilité"))
    contradiction = next(one for one in found(encoder, one, other) if one.kind in ("contradiction", "same_question"))
    assert "article a" in contradiction.where
    assert "article b" in contradiction.where


def test_a_translation_with_another_number_is_found_and_a_true_one_is_not(encoder: Encoder) -> None:
    french = made("a", "fr", "Lien", "Le lien est valable 24 heures. La taille maximale est de 25 Mo.")
    german = made("a", "de", "Link", "Der Link gilt 48 Stunden. Die Höchstgröße ist 25 MB.")
    (finding,) = [one for one in found(encoder, french, german) if one.kind == "translation_differs"]
    assert "24 heures" in finding.message
    assert "48 Stunden" in finding.message
    german = made("a", "de", "Link", "Der Link gilt einen Tag. Die Höchstgröße ist 25 MB.")
    assert "translation_differs" not in kinds(found(encoder, french, german))


@pytest.mark.parametrize(
    ("lang", "own", "others"),
    [
        ("en", ("How do I reset my password?", "I forgot my password", "new password please"),
         ("How do I pay an invoice?", "I forgot the password", "pay by card", "invoice address")),
        ("fr", ("Comment réinitialiser mon mot de passe ?", "mot de passe oublié", "nouveau mot de passe"),
         ("Comment payer une facture ?", "j'ai oublié mon mot de passe", "payer par carte", "adresse de facturation")),
        ("de", ("Wie setze ich mein Passwort zurück?", "Passwort vergessen", "neues Passwort"),
         ("Wie bezahle ich eine Rechnung?", "Passwort vergessen bitte", "mit Karte zahlen", "Rechnungsadresse")),
    ],
)  # fmt: skip
def test_a_question_that_another_article_answers_is_found(
    encoder: Encoder, lang: str, own: tuple[str, ...], others: tuple[str, ...]
) -> None:
    findings = found(encoder, made("a", lang, own[0], "Click there.", own), made("b", lang, others[0], "Pay.", others))
    confused = [one for one in findings if one.kind in ("stolen_question", "near_duplicate")]
    named = [f"{one.where} {one.message}" for one in confused]
    assert any("article a" in text and "article b" in text and (own[1] in text or others[1] in text) for text in named)


def test_the_same_passage_in_two_articles_is_found(encoder: Encoder) -> None:
    text = "Open the administration, choose the user and press the button that sends a new link by mail to the person."
    findings = found(encoder, made("a", "en", "Zebra", text), made("b", "en", "Walrus", text.replace("Open", "Go to")))
    assert [one.where for one in findings if one.kind == "same_answer"] == ["article a, article b (en)"]


def test_a_clean_knowledge_base_has_no_findings(encoder: Encoder) -> None:
    assert not kinds(found(encoder))
