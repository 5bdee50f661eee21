"""A small knowledge base of two languages, and the bundled encoder, for the tests of this package."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from kb_index.building import build_index
from kb_index.config import Config
from kb_index.content import Article, Content, read_content
from kb_index.encoder import Encoder, load_encoder
from kb_index.index import Index

BENCHMARKS = Path(os.environ.get("GUICHET_BENCHMARKS", Path(__file__).resolve().parents[3] / "shared" / "benchmarks"))

ARTICLES = {
    ("reset-password", "en"): ("Reset your password", "Use **Forgotten password** on the sign-in page.", [
        "How do I reset my password?", "I forgot my password", "password lost", "new password please",
        "my login code is no longer accepted"]),
    ("reset-password", "fr"): ("Réinitialiser votre mot de passe", "Cliquez sur **Mot de passe oublié**.", [
        "Comment réinitialiser mon mot de passe ?", "mot de passe oublié", "J'ai perdu mon mot de passe",
        "demander un nouveau mot de passe"]),
    ("create-user", "en"): ("Create a user", "Open **Administration › Users** and choose **New user**.", [
        "How do I create a user?", "add a colleague", "new employee needs an account", "invite a person",
        "set up a user"]),
    ("scan-document", "en"): ("Scan a document", "Put the page in and press **Scan**.", [
        "How do I scan a document?", "digitise paper", "use the scanner", "capture a letter", "scan several pages"]),
    ("export-pdf", "en"): ("Export as PDF", "Choose **Export** in the menu.", [
        "How do I export a document as PDF?", "save as PDF", "download a file as PDF", "PDF export", "make a PDF"]),
    ("dark-theme", "en"): ("Dark theme", "Choose **Dark** in your profile.", [
        "How do I turn on dark mode?", "dark theme", "screen too bright", "night colours", "change the colours"]),
}  # fmt: skip
TOPICS = {
    "invoice": (1, "ticket", False, "A question about an invoice", [
        "I have a question about an invoice", "my bill is wrong", "invoice too high", "you charged me twice",
        "explain the amount debited"]),
    "nas": (4, "sla", False, "Problems with a NAS", [
        "My NAS has a problem", "network storage broken", "Synology unreachable", "RAID degraded", "NAS share lost"]),
    "down": (3, "sla", True, "Everything is down", [
        "The whole system is down", "nothing works", "URGENT server outage", "nobody can sign in", "total failure"]),
}  # fmt: skip


def write_content(folder: Path) -> Path:
    """The small knowledge base as files."""
    for (ident, lang), (title, text, questions) in ARTICLES.items():
        write_article(folder, ident, lang, title, text, questions)
    for ident, (level, channel, urgent, title, questions) in TOPICS.items():
        path = folder / "levels" / f"{ident}.en.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        passed = "passed_to: the vendor\npassed_on: your description\n" if level == 4 else ""
        path.write_text(
            f"---\nid: {ident}\nlang: en\nlevel: {level}\nchannel: {channel}\ntitle: {title}\n"
            f"urgent: {str(urgent).lower()}\n{passed}questions:\n{_listed(questions)}---\nWe look after that.\n",
            encoding="utf-8",
        )
    (folder / "kb.yml").write_text(
        "product_names: [Archivelle]\nlanguages:\n  fr: {stemmer: french}\n  en: {stemmer: english}\n", encoding="utf-8"
    )
    return folder


def write_article(folder: Path, ident: str, lang: str, title: str, text: str, questions: list[str]) -> Path:
    path = folder / "faq" / f"{ident}.{lang}.md"
    path.parent.mkdir(parents=True, exist_ok=True)
    head = f"---\nid: {ident}\nlang: {lang}\ntitle: {title}\ncategory: account\nquestions:\n{_listed(questions)}"
    path.write_text(f"{head}updated: 2026-03-01\n---\n{text}\n", encoding="utf-8")
    return path


def _listed(questions: list[str]) -> str:
    return "".join(f'  - "{question}"\n' for question in questions)


@pytest.fixture(scope="session")
def content_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_content(tmp_path_factory.mktemp("content"))


@pytest.fixture(scope="session")
def content(content_dir: Path) -> Content:
    return read_content(content_dir)


@pytest.fixture(scope="session")
def config() -> Config:
    return Config(("Archivelle",), {"fr": "french", "en": "english"})


@pytest.fixture(scope="session")
def encoder() -> Encoder:
    return load_encoder()


@pytest.fixture(scope="session")
def index(content: Content, config: Config, encoder: Encoder) -> Index:
    return build_index(content.articles, content.topics, config, encoder, 0.1)


Ask = Callable[..., dict[str, object]]


@pytest.fixture(scope="session")
def ask(index: Index, encoder: Encoder) -> Ask:
    def run(text: str, lang: str = "en", limit: int = 5, exclude: tuple[str, ...] = ()) -> dict[str, object]:
        return index.search(text, encoder.encode([index.clean(text)])[0], lang, limit, exclude)

    return run


def article(text: str, kind: str = "faq", **more: object) -> Article:
    """An article with this text."""
    fields: dict[str, object] = {"id": "a", "lang": "en", "kind": kind, "title": "A", "questions": (), "version": "0"}
    return Article(text=text, **(fields | more))  # type: ignore[arg-type]
