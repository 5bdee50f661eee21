"""The installation's own secret, and a key for each purpose made from it."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import os
import secrets
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from bot.settings import Settings, SettingsError

FILE = "secret.key"
SHORTEST = 32


@dataclass(frozen=True, slots=True)
class Secret:
    """`keys`: the first makes what is new, the others only read what they made."""

    keys: tuple[bytes, ...] = field(repr=False)

    def derived(self, purpose: str) -> tuple[bytes, ...]:
        """32 bytes for `purpose` of each key: knowing one purpose's says nothing of another's."""
        return tuple(hmac.digest(key, purpose.encode(), "sha256") for key in self.keys)


def load(settings: Settings) -> Secret:
    """GUICHET_SECRET_KEY where it is set, else the data folder's, made at the first use. SettingsError."""
    words = [word.strip() for word in settings.secret_key.get_secret_value().split(",") if word.strip()]
    if any(len(word) < SHORTEST for word in words):
        raise SettingsError(
            f"GUICHET_SECRET_KEY: expected {SHORTEST} random characters or more (several keys separated by commas), "
            "got fewer: `openssl rand -hex 32` makes some"
        )
    if not words:
        words = [_kept(settings.data_dir / FILE)]
    return Secret(tuple(hashlib.sha256(word.encode()).digest() for word in words))


def _kept(file: Path) -> str:
    """What the file says; where there is none it is made whole before it has its name, by whoever comes first."""
    try:
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=f".{FILE}")  # 0600
            try:
                with os.fdopen(descriptor, "w") as new:
                    new.write(secrets.token_hex(32))
                    new.flush()
                    os.fsync(new.fileno())
                with contextlib.suppress(FileExistsError):
                    os.link(name, file)
            finally:
                os.unlink(name)
        kept = file.read_text("ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"GUICHET_DATA_DIR: expected a key that can be read in {file}, got {type(error).__name__}: check its owner "
            "and permissions, restore it from a backup, or set GUICHET_SECRET_KEY"
        ) from None
    if len(kept) < SHORTEST:
        raise SettingsError(
            f"GUICHET_DATA_DIR: expected {SHORTEST} characters or more in {file}, got {len(kept)}: restore it from a "
            "backup, or set GUICHET_SECRET_KEY"
        )
    return kept
