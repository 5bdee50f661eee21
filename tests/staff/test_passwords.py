"""Which passwords may be chosen, and what checking one costs an attacker."""

from __future__ import annotations

import pytest
from argon2 import extract_parameters
from argon2.low_level import Type

from bot.staff import passwords
from bot.staff.context import StaffError

ABOUT = ("Ada Lovelace", "ada@archivelle.example", "Archivelle Services", "Archivelle")


@pytest.fixture
def quick_hashes() -> None:
    """Here the real cost is the subject."""


@pytest.mark.parametrize(
    "password",
    [
        "lampadaire vert sous la pluie",
        "trois girafes au petit matin",
        "correct horse battery staple",
        "vzQ7#kp2!mWx",
        "Ünïcödé phrase mit Leerzeichen",
        "x9" + "fjw0" * 60,
    ],
)
async def test_a_long_phrase_or_random_signs_are_good(password: str) -> None:
    assert await passwords.check_new(password, ABOUT) == password


@pytest.mark.parametrize(
    ("password", "refusal"),
    [
        (None, "short_password"),
        (12, "short_password"),
        ("vzQ7#kp2!mW", "short_password"),
        ("x" * 257, "long_password"),
        ("aaaaaaaaaaaaaaaa", "weak_password"),
        ("123456789012", "weak_password"),
        ("password1234", "weak_password"),
        ("Passwort1234!", "weak_password"),
        ("motdepasse2026", "weak_password"),
        ("azertyuiop123", "weak_password"),
        ("adalovelace1815", "weak_password"),
        ("Archivelle2026!", "weak_password"),
    ],
)
async def test_what_is_easily_guessed_is_refused(password: object, refusal: str) -> None:
    with pytest.raises(StaffError) as caught:
        await passwords.check_new(password, ABOUT, "new")
    assert (caught.value.status, caught.value.code, caught.value.field) == (422, refusal, "new")


async def test_a_hash_is_argon2id_with_recommended_cost_and_a_salt_of_its_own() -> None:
    first, second = await passwords.hashed("the same"), await passwords.hashed("the same")
    assert first != second
    cost = extract_parameters(first)
    assert (cost.type, cost.memory_cost, cost.time_cost, cost.salt_len) == (Type.ID, 65536, 3, 16)
    assert not passwords.outdated(first)
    assert not passwords.outdated(passwords._NOBODY), "an unknown account must cost as much as a known one"


async def test_the_right_password_alone_is_right_however_it_is_spelt() -> None:
    kept = await passwords.hashed("caf\u00e9 \ufb01xe")
    assert await passwords.verify(kept, "cafe\u0301 fixe")
    assert not await passwords.verify(kept, "Café fixe")
    assert not await passwords.verify(None, "café fixe")
    assert not await passwords.verify("no hash at all", "café fixe")
