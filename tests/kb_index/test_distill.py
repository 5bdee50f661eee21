"""The recipe's text side: what is paired, and what is kept out. (Training itself is not run here.)"""

from __future__ import annotations

from pathlib import Path

import pytest

from kb_index.distill.blocks import align, markdown, plain, sentences
from kb_index.distill.corpus import digest, evaluation_sentences, keeps
from kb_index.distill.readers import parse_po
from kb_index.distill.sources import SOURCES
from kb_index.distill.trees import PINS, Folder, open_tree


def test_blocks_of_a_translation_are_paired_across_an_inserted_paragraph() -> None:
    english = markdown("# Pay\n\nOpen [settings](/settings).\n\n- Choose `card`.\n\nWait 3 days.\n")
    french = markdown(
        "# Payer\n\nOuvrez les [réglages](/settings).\n\nCe paragraphe n’existe qu’en français, longuement.\n\n"
        "- Choisissez `card`.\n\nAttendez 3 jours.\n"
    )
    assert [(left.text, right.text) for left, right in align(english, french)] == [
        ("Pay", "Payer"),
        ("Open settings.", "Ouvrez les réglages."),
        ("Choose card.", "Choisissez card."),
        ("Wait 3 days.", "Attendez 3 jours."),
    ]


def test_paragraphs_are_cut_only_where_both_have_as_many_sentences() -> None:
    assert list(sentences("Stop it. Then start it.", "Arrêtez-le. Puis démarrez-le.")) == [
        ("Stop it.", "Arrêtez-le."),
        ("Then start it.", "Puis démarrez-le."),
    ]
    whole = ("Stop it. Then start it.", "Arrêtez-le, puis démarrez-le.")
    assert list(sentences(*whole)) == [whole]


def test_inline_markup_goes() -> None:
    assert plain("See **[the guide](a.md)** ![icon](x.png) &amp; <b>go</b>") == "See the guide & go"


def test_fuzzy_catalogue_entries_are_left_out() -> None:
    source = 'msgid "Save"\nmsgstr "Enregistrer"\n\n#, fuzzy\nmsgid "Undo"\nmsgstr "Refaire"\n'
    assert parse_po(source) == {"Save": "Enregistrer"}


@pytest.mark.parametrize(
    ("english", "other", "kept"),
    [
        ("Choose a new password for the account.", "Choisissez un nouveau mot de passe pour le compte.", True),
        ("Choose a new password for the account.", "Choose a new password for the account.", False),
        ("Choose a new password for the account.", "Choose the new password for your account and wait.", False),
        ("Save", "Enregistrer", True),
        ("Save", "Enregistrer le document sous un autre nom dans le dossier que vous voulez garder", False),
        ("Go to https://example.org now", "Allez à https://example.org maintenant", False),
    ],
)
def test_only_translations_of_usable_text_are_kept(english: str, other: str, kept: bool) -> None:
    assert keeps("fr", english, other) is kept


def test_sentences_of_an_evaluation_set_are_recognised_whatever_their_punctuation(tmp_path: Path) -> None:
    (tmp_path / "set.tsv").write_text("fra\teng\nOù est la gare ?\tWhere is the station?\n", encoding="utf-8")
    (tmp_path / "set.jsonl").write_text('{"id": "1", "text": "How do I pay?"}\n', encoding="utf-8")
    barred = evaluation_sentences(tmp_path)
    assert {digest("ou est la gare"), digest("Where is the station"), digest("How do I pay")} <= barred
    assert digest("Where is the harbour?") not in barred


def test_every_source_is_pinned_and_licensed() -> None:
    for source in SOURCES:
        assert source.licence
        assert set(source.trees.values()) <= set(PINS), source.name


def test_a_missing_source_is_named_with_the_cure(tmp_path: Path) -> None:
    (tmp_path / "scratch-l10n").mkdir()
    assert isinstance(open_tree(tmp_path, "scratch-l10n"), Folder)
    with pytest.raises(FileNotFoundError, match=r"homeassistant.*README"):
        open_tree(tmp_path, "homeassistant")
