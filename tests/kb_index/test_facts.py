"""What sentences state: numbers in one unit however they are written, times of day, denials."""

from __future__ import annotations

import pytest

from kb_index.facts import leaning, statement

STEMMERS = {"fr": "french", "de": "german", "en": "english"}


def numbers(sentence: str, lang: str) -> dict[str, set[float]]:
    return {what: set(values) for what, values in statement(sentence, lang, STEMMERS[lang]).numbers.items()}


@pytest.mark.parametrize(
    ("lang", "sentence", "expected"),
    [
        ("fr", "Le lien est valable 24 heures.", {"time": {86400.0}}),
        ("fr", "Le lien est valable un jour.", {"time": {86400.0}}),
        ("de", "Der Link gilt zwei Wochen.", {"time": {1209600.0}}),
        ("en", "The link works for 1.5 hours", {"time": {5400.0}}),
        ("fr", "Réponse sous 2 jours ouvrés", {"workdays": {2.0}}),
        ("en", "Answer within two business days", {"workdays": {2.0}}),
        ("de", "Antwort in 2 Werktagen", {"workdays": {2.0}}),
        ("fr", "Au plus 25 Mo par fichier", {"size": {25e6}}),
        ("fr", "Jusqu’à 1 000 pages", {"count pag": {1000.0}}),
        ("en", "up to 1,000 pages", {"count page": {1000.0}}),
        ("fr", "La TVA est de 20 %.", {"share": {20.0}}),
        ("de", "Das kostet 12,50 €.", {"euros": {12.5}}),
        ("fr", "Nous ouvrons à 8 h 30, jusqu’à 18 h.", {"clock": {510.0, 1080.0}}),
        ("de", "Geöffnet ab 9 Uhr bis 17:30", {"clock": {540.0, 1050.0}}),
        ("en", "Open until 6 pm", {"clock": {1080.0}}),
        ("fr", "Version 4.2.1 du 12/03/2026", {}),
        ("fr", "Un utilisateur ouvre une page.", {}),
    ],
)
def test_numbers_are_read_with_what_they_measure(lang: str, sentence: str, expected: dict[str, set[float]]) -> None:
    assert numbers(sentence, lang) == expected


@pytest.mark.parametrize(
    ("lang", "yes", "no"),
    [
        ("fr", "Vous pouvez annuler une facture.", "Vous ne pouvez pas annuler une facture."),
        ("fr", "Le support est gratuit.", "Le support est payant."),
        ("de", "Sie können die Rechnung ändern.", "Sie können die Rechnung nicht ändern."),
        ("de", "Die App ist kostenlos.", "Die App ist kostenpflichtig."),
        ("en", "You can export the archive.", "You can't export the archive."),
        ("en", "The backup is automatic.", "The backup is manual."),
    ],
)
def test_a_denial_is_opposed_to_what_it_denies_but_not_to_itself(lang: str, yes: str, no: str) -> None:
    one, other = (statement(text, lang, STEMMERS[lang]) for text in (yes, no))
    assert one.opposed(other)
    assert other.opposed(one)
    assert not one.opposed(one)
    assert not other.opposed(other)


def test_conditions_and_questions_deny_nothing() -> None:
    plain, condition, question = (
        statement(text, "en", "english")
        for text in ("The mail arrives.", "If the mail does not arrive, wait.", "Does the mail not arrive?")
    )
    assert not plain.opposed(condition)
    assert not plain.opposed(question)


@pytest.mark.parametrize(("text", "expected"), [("**Oui**, dans le menu.", True), ("Nein, das geht nicht.", False),
                                                ("No longer available", None), ("Ouvrez.", None)])  # fmt: skip
def test_answers_lean_to_yes_or_no(text: str, expected: bool | None) -> None:
    assert leaning(text) is expected
