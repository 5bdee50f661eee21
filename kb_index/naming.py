"""Names of index versions: what is the same in all respects has the same name."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path

from kb_index.config import Config
from kb_index.content import Article, Content, Topic
from kb_index.encoder import Encoder
from kb_index.integrity import FORMAT
from kb_index.sources import Sources


def name_of(content: Content, config: Config, encoder: Encoder, risk: float) -> str:
    """12 hex digits of the SHA-256 over all that makes an index: texts, kb.yml, encoder, error bound, program."""
    digest = hashlib.sha256()
    digest.update(_making(encoder, risk))
    digest.update(json.dumps(asdict(config), sort_keys=True).encode())
    items: list[Article | Topic] = [*content.articles, *content.topics]
    for item in items:
        digest.update(f"{type(item).__name__} {item.id} {item.lang} {item.version}\n".encode())
    for one in content.gold:
        digest.update(f"{one}\n".encode())
    return digest.hexdigest()[:12]


def state_of(sources: Sources, encoder: Encoder, risk: float) -> str:
    """The same for the same files, encoder, error bound and program, however the index was made of them."""
    lines = [f"{path} {digest}" for path, digest in sorted(sources.digests.items())]
    return hashlib.sha256(_making(encoder, risk) + "\n".join(lines).encode()).hexdigest()[:16]


def _making(encoder: Encoder, risk: float) -> bytes:
    return f"{FORMAT} {encoder.fingerprint} {risk} {_program()}\n".encode()


@lru_cache
def _program() -> str:
    """The code that makes an index: another program makes another version."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]
