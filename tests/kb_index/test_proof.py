"""A proof finds words that stand in an article, as written or as read, and no others."""

from __future__ import annotations

import hashlib

import pytest

from kb_index.captions import Cue
from kb_index.passages import passages_of
from kb_index.proof import proof
from tests.kb_index.conftest import article

TEXT = """Demandez **un nouveau** mot de passe avec [le lien](https://example.com/oublie "Lien") de la page.

1. Ouvrez la page de connexion.
2. Cliquez sur **Mot de passe oublié**.

- Rien reçu ? Regardez `Indésirables`.
"""


@pytest.mark.parametrize(
    ("words", "exact"),
    [
        (TEXT, True),
        ("2. Cliquez sur **Mot de passe oublié**.", True),
        ("Demandez un nouveau mot de passe avec le lien de la page.", False),
        ("Ouvrez la page de connexion.\nCliquez sur Mot de passe oublié", False),
        ("  nouveau   mot\u00a0de passe ", False),
        ("Mot de passe oublie\u0301", False),
    ],
)
def test_words_that_stand_there_are_found_as_written_or_as_read(words: str, exact: bool) -> None:
    found = proof(article(TEXT), words)
    assert (found["stands"], found["exact"]) == (True, exact)
    place = found["whole"][found["start"] : found["end"]]
    assert place.split()[-1].strip("*.").casefold() in words.replace("e\u0301", "é").casefold()
    assert found["digest"] == hashlib.sha256(TEXT.encode()).hexdigest()


@pytest.mark.parametrize(
    "words",
    [
        "Demandez un ancien mot de passe",
        "mot de pass",  # part of a word
        "page Ouvrez de",  # in another order
        "Demandez un mot de passe",  # a word left out
        "lien https example com oublie de la page",  # where a link leads is not read
        TEXT + " Et encore.",
    ],
)
def test_words_that_do_not_stand_there_are_not_found(words: str) -> None:
    found = proof(article(TEXT), words)
    assert (found["stands"], found["start"], found["passages"]) == (False, None, [])


def test_every_passage_that_the_bot_may_show_stands_in_its_article_to_the_letter() -> None:
    long = "\n\n".join(
        f"## Partie {n}\n\n" + "".join(f"Phrase {n}-{m} de la partie. " for m in range(90)) for n in range(4)
    )
    manual = article(long, kind="manual")
    passages = passages_of(manual)
    assert len(passages) > 4
    for passage in passages:
        found = proof(manual, passage.text)
        assert found["exact"]
        assert passage.number in found["passages"]
        assert found["whole"][found["start"] : found["end"]] == passage.text


def test_what_a_video_says_is_proved_by_its_captions() -> None:
    cues = tuple(Cue(float(n * 10), float(n * 10 + 9), f"Phrase numéro {n}.") for n in range(12))
    video = article("La description.", kind="video", captions=cues)
    spoken = next(passage for passage in passages_of(video) if passage.second)
    found = proof(video, spoken.text)
    assert (found["stands"], found["part"], found["passages"]) == (True, "captions", [spoken.number])
    assert proof(video, "La description")["part"] == "text"
