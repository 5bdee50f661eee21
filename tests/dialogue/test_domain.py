"""domain.yml: every sentence in three languages with the same placeholders, and every name that code uses exists."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from actions.registry import ACTIONS
from bot.launch import ROOT

DOMAIN: dict[str, Any] = yaml.safe_load((ROOT / "domain.yml").read_text(encoding="utf-8"))
RESPONSES: dict[str, list[dict[str, Any]]] = DOMAIN["responses"]
CODES = (
    "invalid_email", "invalid_phone", "too_short", "too_long", "invalid_contract", "invalid_severity", "invalid_slot",
    "slot_taken", "slot_closed",
)  # fmt: skip
PLACEHOLDER = re.compile(r"(?<!\{)\{(\w+)\}(?!\})")


def by_language(variants: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    found = {}
    for variant in variants:
        conditions = variant.get("condition")
        found[conditions[0]["value"] if conditions else "fr"] = variant
    return found


@pytest.mark.parametrize("name", RESPONSES)
def test_a_response_has_three_languages_with_the_same_placeholders_and_buttons(name: str) -> None:
    variants = by_language(RESPONSES[name])
    assert set(variants) == {"fr", "de", "en"}
    assert len(RESPONSES[name]) == 3
    texts = [variant["text"] for variant in variants.values()]
    assert len({frozenset(PLACEHOLDER.findall(text)) for text in texts}) == 1
    if PLACEHOLDER.sub("", texts[0]).strip():
        assert len(set(texts)) == 3, "not translated"
    payloads = [[button["payload"] for button in variant.get("buttons", [])] for variant in variants.values()]
    assert payloads == [payloads[0]] * 3
    assert all(button["title"].strip() for variant in variants.values() for button in variant.get("buttons", []))


@pytest.mark.parametrize("name", RESPONSES)
def test_french_is_set_as_french_is(name: str) -> None:
    variant = by_language(RESPONSES[name])["fr"]
    for text in [variant["text"], *(button["title"] for button in variant.get("buttons", []))]:
        assert "'" not in text, text
        assert not re.search(r"(?<=[\w}»*]) [?!:;»]|« ", text), f"a plain space before punctuation: {text}"


@pytest.mark.parametrize("code", CODES)
def test_each_error_code_of_the_internal_api_has_its_sentence(code: str) -> None:
    assert f"utter_error_{code}" in RESPONSES


def test_every_response_that_actions_use_exists_and_every_one_is_used() -> None:
    code = "\n".join(file.read_text(encoding="utf-8") for file in (ROOT / "actions").glob("*.py"))
    rules = "\n".join(file.read_text(encoding="utf-8") for file in (ROOT / "data" / "rules").glob("*.yml"))
    named = set(re.findall(r"\"(utter_\w+)\"", code)) | set(re.findall(r"utter_\w+", rules))
    named -= {"utter_action"}  # a key of Rasa's
    assert named <= set(RESPONSES), named - set(RESPONSES)
    patterns = [re.sub(r"\{[^}]*\}", r"\\w+", found) for found in re.findall(r"f\"(utter_[^\"]+)\"", code)]
    forms = {f"utter_ask_{slot}" for form in DOMAIN["forms"].values() for slot in form["required_slots"]}
    unused = [
        name
        for name in RESPONSES
        if name not in named | forms | {"utter_default"} and not any(re.fullmatch(p, name) for p in patterns)
    ]
    assert unused == []


def test_the_domain_names_exactly_the_actions_there_are() -> None:
    assert set(DOMAIN["actions"]) == set(ACTIONS)


def test_payloads_of_the_domain_name_known_intents() -> None:
    payloads = [b["payload"] for variants in RESPONSES.values() for v in variants for b in v.get("buttons", [])]
    for payload in payloads:
        if payload.startswith("/"):
            assert re.match(r"/(\w+)", payload)[1] in DOMAIN["intents"], payload  # type: ignore[index]
        else:
            assert PLACEHOLDER.fullmatch(payload), payload


def test_no_sentence_stands_in_python() -> None:
    letters = re.compile(r"\bsay\(\s*\"(?!utter_)|text=f?\"[A-ZÀ-Ü]")
    for file in Path(ROOT / "actions").glob("*.py"):
        assert not letters.search(file.read_text(encoding="utf-8")), file
