"""Imports as a user makes them: proposed, written, and read again."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kb_index.content import Article, read_content
from kb_index.drafts import Proposal
from kb_index.errors import ContentError
from kb_index.import_options import Options
from kb_index.importing import apply, propose


@dataclass
class Taken:
    """What an import did: paths by what became of them."""

    proposal: Proposal

    def of(self, state: Any) -> list[str]:
        return [change.path for change in self.proposal.of(state)]

    @property
    def written(self) -> list[str]:
        return self.of("new")

    @property
    def updated(self) -> list[str]:
        return self.of("updated")

    @property
    def unchanged(self) -> list[str]:
        return self.of("unchanged")

    @property
    def vanished(self) -> list[str]:
        return self.of("vanished")

    @property
    def conflicts(self) -> list[str]:
        return [f"{change.path}: {change.message}" for change in self.proposal.of("conflict")]

    @property
    def problems(self) -> list[ContentError]:
        return self.proposal.problems


def take(source: Path | str, content_dir: Path, *, overwrite: bool = False, delete: bool = False, **more: Any) -> Taken:
    """Import and write; all that is written can be read. Language: English, unless `more` (Options) says another."""
    proposal = propose(str(source), content_dir, Options(**{"lang": "en", **more}))
    apply(proposal, content_dir, overwrite, delete)
    assert not read_content(content_dir).problems, "what is written can be read"
    return Taken(proposal)


def articles_of(content_dir: Path) -> dict[str, Article]:
    return {article.id: article for article in read_content(content_dir).articles}
