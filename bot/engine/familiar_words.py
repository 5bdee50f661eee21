"""A classifier's guess of small talk is believed only where the message uses no word foreign to that kind of talk.

A statistical classifier has to put every message somewhere: « NAS disk failing » looks like a refusal to it, because
nothing looks like it. What contains foreign words is a question, and the articles decide about it.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter
from difflib import get_close_matches
from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.constants import INTENT, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

FALLBACK = "nlu_fallback"
_WORD = re.compile(r"[^\W\d_]+")
_HAS_DIGIT = re.compile(r"\S*\d\S*")  # references and numbers say nothing about the kind of talk
FILE = "vocabulary.json"


def words_of(text: str) -> list[str]:
    """Lower-case words without accents and without whatever holds a digit."""
    bare = unicodedata.normalize("NFKD", _HAS_DIGIT.sub(" ", text).casefold())
    return _WORD.findall("".join(letter for letter in bare if not unicodedata.combining(letter)))


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class FamiliarWords(GraphComponent):
    """Turns an intent into nlu_fallback where the message has words that its examples, and those of most other
    intents, do not have. Stands between the classifier and the FallbackClassifier."""

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """`open_intents` take any word. `foreign_words` are tolerated from `long_message` words on. A word used by
        `common_in` intents belongs to all; `similarity` (0-1) lets typing errors pass."""
        return {
            "open_intents": ["question"],
            "foreign_words": 1,
            "long_message": 8,
            "common_in": 3,
            "similarity": 0.8,
        }

    def __init__(self, config: dict[str, Any], vocabulary: dict[str, list[str]]) -> None:
        self._config = config
        self._vocabulary = vocabulary

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> FamiliarWords:
        component = cls(config, {})
        component._storage, component._resource = model_storage, resource
        return component

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> FamiliarWords:
        with model_storage.read_from(resource) as folder:
            return cls(config, json.loads((folder / FILE).read_text(encoding="utf-8")))

    def train(self, training_data: TrainingData) -> Resource:
        examples = [
            (example.get(INTENT), set(words_of(example.get(TEXT))))
            for example in training_data.intent_examples
            if example.get(INTENT) not in self._config["open_intents"] and example.get(TEXT)
        ]
        by_intent: dict[str, set[str]] = {}
        for intent, words in examples:
            by_intent.setdefault(intent, set()).update(words)
        used_by = Counter(word for words in by_intent.values() for word in words)
        common = {word for word, intents in used_by.items() if intents >= self._config["common_in"]}
        self._vocabulary = {intent: sorted(words | common) for intent, words in by_intent.items()}
        with self._storage.write_to(self._resource) as folder:
            (folder / FILE).write_text(json.dumps(self._vocabulary, ensure_ascii=False), encoding="utf-8")
        return self._resource

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        return training_data

    def process(self, messages: list[Message]) -> list[Message]:
        for message in messages:
            intent = (message.get(INTENT) or {}).get("name")
            if intent in self._vocabulary and not self.is_familiar(message.get(TEXT) or "", intent):
                message.set(INTENT, {"name": FALLBACK, "confidence": 1.0}, add_to_output=True)
        return messages

    def is_familiar(self, text: str, intent: str) -> bool:
        """True where the intent's vocabulary covers the message."""
        words = words_of(text)
        tolerated = self._config["foreign_words"] if len(words) >= self._config["long_message"] else 0
        vocabulary = self._vocabulary[intent]
        known = set(vocabulary)
        foreign = 0
        for word in words:
            if word not in known and not (
                len(word) >= 4 and get_close_matches(word, vocabulary, n=1, cutoff=self._config["similarity"])
            ):
                foreign += 1
                if foreign > tolerated:
                    return False
        return True
