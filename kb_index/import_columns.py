"""What the columns of a table are taken for."""

from __future__ import annotations

from collections.abc import Mapping

from kb_index.errors import ContentError

# How columns and keys are called, in the languages of those who fill tables:
COLUMNS = {
    "id": ("id", "ident", "key", "clé", "cle", "schlüssel", "slug"),
    "lang": ("lang", "language", "locale", "langue", "sprache"),
    "title": ("title", "titre", "titel", "subject", "sujet", "betreff", "name", "nom"),
    "questions": ("questions", "question", "fragen", "frage", "demande"),
    "text": ("answer", "text", "body", "content", "réponse", "reponse", "texte", "antwort", "inhalt", "contenu",
             "solution", "lösung", "description", "response", "answers"),
    "category": ("category", "catégorie", "categorie", "kategorie", "tag", "section", "topic", "thème", "thema"),
    "url": ("url", "link", "lien", "adresse"),
    "updated": ("updated", "updated_at", "modified", "mis à jour", "geändert"),
}  # fmt: skip
FIELD_OF = {name: field for field, names in COLUMNS.items() for name in names}


def fields_of(name: str, titles: list[str], columns: Mapping[str, str | None]) -> list[str | None]:
    """What each column is taken for: as `columns` says, else by its name. ContentError where `columns` cannot be."""
    for title, field in columns.items():
        if title not in titles:
            raise ContentError(
                name, 1, f"columns: there is no column {title!r:.60}; there are {', '.join(titles):.200}"
            )
        if field is not None and field not in COLUMNS:
            raise ContentError(name, 1, f"columns: expected one of {', '.join(COLUMNS)}, got {field!r:.60}")
    said = set(columns.values())
    guessed = (FIELD_OF.get(title.casefold()) for title in titles)
    return [columns.get(title, None if guess in said else guess)
            for title, guess in zip(titles, guessed, strict=True)]  # fmt: skip
