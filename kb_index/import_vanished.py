"""What came from a source and is not in it any more."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from kb_index.content import FOLDERS
from kb_index.drafts import Change, digest, read_front, text_in


def propose_vanished(content_dir: Path, prefix: str, seen: set[str]) -> Iterator[Change]:
    """Deletions of what came from sources that begin with `prefix` and are not in `seen`, the paths still there."""
    for folder in FOLDERS:
        for file in sorted((content_dir / folder).glob("*.md")):
            path = f"{folder}/{file.name}"
            if path in seen or f"source: {prefix}" not in (text_in(file) or "").replace("source: '", "source: "):
                continue
            meta, text, before = read_front(file)
            if not str(meta.get("source", "")).startswith(prefix):
                continue
            edited = meta.get("imported") != digest(text)
            message = "it is no longer in the source" + (
                ", but was edited here since it was imported" if edited else ""
            )
            title = str(meta.get("title", file.stem))
            yield Change(path, "vanished", None, before, title, message)
            captions = file.with_suffix(".vtt")
            if folder == "videos" and captions.is_file():
                yield Change(f"{folder}/{captions.name}", "vanished", None, text_in(captions), title, message)
