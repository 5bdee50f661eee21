"""Questions as people type them in haste: words left out, typos, no accents. Synthetic, to fit against."""

from __future__ import annotations

import random

from kb_index.text import fold


def corrupt(text: str, chance: random.Random, strong: bool) -> str:
    """`strong`: about half of the words are dropped as well, as in a paraphrase that shares only a part."""
    words = text.split()
    if strong and len(words) > 2:
        kept = [word for word in words if chance.random() > 0.55]
        words = kept if len(kept) >= 2 else chance.sample(words, 2)
    elif len(words) > 4 and chance.random() < 0.3:
        del words[chance.randrange(len(words))]
    typos = 1 if chance.random() < 0.7 else 2
    long = [place for place, word in enumerate(words) if len(word) > 4]
    for place in chance.sample(long, min(typos, len(long))):
        words[place] = _typo(words[place], chance)
    result = " ".join(words)
    if chance.random() < 0.5:
        result = fold(result)
    return result.rstrip("?!. \u00a0\u202f") if chance.random() < 0.6 else result


def _typo(word: str, chance: random.Random) -> str:
    at = chance.randrange(1, len(word) - 1)
    kind = chance.randrange(4)
    if kind == 0:
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    if kind == 1:
        return word[:at] + word[at + 1 :]
    if kind == 2:
        return word[: at + 1] + word[at:]
    return word[:at] + chance.choice("aeioustrnl") + word[at + 1 :]
