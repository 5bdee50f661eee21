"""Passwords: argon2id off the event loop, and which ones are good enough."""

from __future__ import annotations

import asyncio
import re
import unicodedata
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from bot.staff.context import StaffError

LEAST = 12
MOST = 256
STRONG = 4  # zxcvbn's highest score: more than 10^10 guesses

# Words that the estimator, which knows English best, would take for rare.
_COMMON = (
    "motdepasse", "mot de passe", "azerty", "azertyuiop", "bonjour", "soleil", "doudou", "loulou", "chouchou",
    "passwort", "kennwort", "qwertz", "qwertzuiop", "hallo", "schatz", "geheim", "willkommen", "sommer", "winter",
    "guichet", "support", "administrateur", "administrator",
)  # fmt: skip

_hasher = PasswordHasher()  # RFC 9106's second choice: 64 MiB, three passes
# Takes as long to check as a real one: nobody can tell from the time whether an address has an account.
_NOBODY = "$argon2id$v=19$m=65536,t=3,p=4$qCLv4ZEsCq8m+SPZ47BKKw$FC55xDtt65VEDHtEoB11qFEo2oIvIlP7P3Y9ChOOvnI"
# Each check needs 64 MiB: two at a time.
_threads = ThreadPoolExecutor(2, thread_name_prefix="passwords")


def _plain(password: str) -> str:
    """One form of what keyboards spell in several."""
    return unicodedata.normalize("NFKC", password)


async def hashed(password: str) -> str:
    return await asyncio.get_running_loop().run_in_executor(_threads, _hasher.hash, _plain(password))


async def verify(kept: str | None, password: str) -> bool:
    """Whether `password` is the one whose hash is kept; the same time is taken where there is none."""
    right = await asyncio.get_running_loop().run_in_executor(_threads, _verify, kept or _NOBODY, _plain(password))
    return right and kept is not None


def _verify(kept: str, password: str) -> bool:
    try:
        return _hasher.verify(kept, password)
    except (VerificationError, InvalidHashError):
        return False


def outdated(kept: str) -> bool:
    """Whether a hash was made with weaker parameters than today's."""
    return _hasher.check_needs_rehash(kept)


async def check_new(password: object, about: Iterable[str], field: str = "password") -> str:
    """A password that may be chosen; `about` are the person's name, address, company. StaffError 422 otherwise."""
    if not isinstance(password, str) or len(_plain(password)) < LEAST:
        raise StaffError(422, "short_password", field, least=LEAST)
    if len(password) > MOST:
        raise StaffError(422, "long_password", field, most=MOST)
    words = {word for text in about for word in (text, *re.split(r"\W+", text)) if len(word) > 2}
    score = await asyncio.get_running_loop().run_in_executor(_threads, _score, _plain(password), sorted(words))
    if score < STRONG:
        raise StaffError(422, "weak_password", field)
    return password


def _score(password: str, about: list[str]) -> int:
    from zxcvbn import zxcvbn  # type: ignore[import-untyped]  # its word lists take a moment to load

    inputs = [word.lower() for word in (*about, *_COMMON)]
    return int(zxcvbn(password[:72], user_inputs=inputs)["score"])
