from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml

from bot.catalogue import Catalogue, CatalogueError, load_catalogue
from bot.company import load_company

ROOT = Path(__file__).resolve().parent.parent
COMPANY = load_company(ROOT / "data" / "company.yml")


@pytest.fixture
def messages(tmp_path: Path) -> Path:
    for lang, words in {"fr": "titre: Bonjour {name}\nmots: [un, deux]\n", "de": "titre: Guten Tag {name}\n"}.items():
        (tmp_path / lang).mkdir()
        (tmp_path / lang / "page.yml").write_text(words)
    return tmp_path


def test_all_languages_say_everything_with_the_same_placeholders() -> None:
    catalogue = load_catalogue(ROOT / "data" / "messages", COMPANY.first_language)
    assert catalogue.differences() == []
    assert set(catalogue.languages) >= set(COMPANY.languages)


def test_differences_name_what_is_missing_unknown_or_filled_otherwise() -> None:
    catalogue = Catalogue(
        {"fr": {"page": {"a": "{x}", "b": "b", "w": ["un"]}}, "de": {"page": {"a": "{y}", "c": "c", "w": "eins"}}}, "fr"
    )
    assert catalogue.differences() == [
        "de: page.b is missing",
        "de: page.c is unknown in fr",
        "de: page.a has placeholders ['y'], expected ['x']",
        "de: page.w has placeholders [], expected ['[]']",
    ]


def test_a_sentence_is_filled_and_falls_back_to_the_first_language(messages: Path) -> None:
    catalogue = load_catalogue(messages, "fr")
    assert catalogue.text("de", "page.titre", name="Jeanne") == "Guten Tag Jeanne"
    assert catalogue.text("it", "page.titre", name="Jeanne") == "Bonjour Jeanne"
    assert catalogue.words("fr", "page.mots") == ("un", "deux")
    assert catalogue.words("de", "page.mots") == ()  # French words are no German ones
    assert catalogue.section("de", "page") == {"titre": "Guten Tag {name}", "mots": ["un", "deux"]}


def test_values_are_put_in_as_they_are(messages: Path) -> None:
    catalogue = load_catalogue(messages, "fr")
    assert catalogue.text("fr", "page.titre", name="{name} {0.__class__}") == "Bonjour {name} {0.__class__}"


def test_a_missing_key_or_value_is_an_error(messages: Path) -> None:
    catalogue = load_catalogue(messages, "fr")
    with pytest.raises(KeyError, match=r"page\.nichts"):
        catalogue.text("de", "page.nichts")
    with pytest.raises(KeyError, match="name"):
        catalogue.text("de", "page.titre")
    with pytest.raises(KeyError, match="expected a sentence, got a list"):
        catalogue.text("fr", "page.mots")


def test_a_language_is_added_by_adding_a_folder(messages: Path) -> None:
    shutil.copytree(messages / "fr", messages / "it")
    (messages / "it" / "page.yml").write_text("titre: Buongiorno {name}\nmots: [uno]\n")
    catalogue = load_catalogue(messages, "fr")
    assert catalogue.languages == ("fr", "de", "it")
    assert catalogue.text("it", "page.titre", name="Gianna") == "Buongiorno Gianna"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a: {x: 1}", r"fr: page\.a\.x: expected a sentence or a list of words, got 1"),
        ("a: [on, off]", r"got \[True, False\]: put it in quotes"),
        ('a: "{0}"', r"expected a plain name in braces, got \{0\}"),
        ('a: "{x.__class__}"', "expected a plain name in braces"),
        ('a: "{x"', r"expected \{names\} in braces"),
        ("- a", "expected keys with sentences, got list"),
        ("a: [", "expected YAML in UTF-8"),
        ("a: !!python/object/apply:os.getcwd []", "expected YAML in UTF-8"),
    ],
)
def test_a_file_that_cannot_be_used_says_where_and_why(messages: Path, content: str, message: str) -> None:
    (messages / "fr" / "page.yml").write_text(content)
    with pytest.raises(CatalogueError, match=message):
        load_catalogue(messages, "fr")


@pytest.mark.parametrize("language", COMPANY.languages)
def test_the_fast_loader_reads_the_files_as_the_slow_one_does(language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    fast = load_catalogue(ROOT / "data" / "messages", language)
    monkeypatch.setattr("bot.catalogue.SAFE_LOADER", yaml.SafeLoader)
    slow = load_catalogue(ROOT / "data" / "messages", language)
    for section in ("cases", "page", "system", "widget"):
        assert fast.section(language, section) == slow.section(language, section)


def test_a_missing_folder_says_what_to_create(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match=r"create .*none/fr"):
        load_catalogue(tmp_path / "none", "fr")
    (tmp_path / "de").mkdir()
    with pytest.raises(CatalogueError, match="first language 'fr', got de"):
        load_catalogue(tmp_path, "fr")
