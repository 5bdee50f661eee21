"""Figures from outside that ours stand beside: published ones, and the project's goals. None is measured here.

Published: from the README of the benchmarks folder, which computed them from the published prediction files of HINT3.
"""

from __future__ import annotations

# set → system → (AUROC, in-scope accuracy at out-of-scope recall ≥ 0.80)
PUBLISHED: dict[str, dict[str, tuple[float, float]]] = {
    "hint3-sofmattress (full)": {
        "Dialogflow (published)": (0.869, 0.636),
        "BERT (published)": (0.868, 0.623),
        "Haptik (published)": (0.839, 0.567),
        "LUIS (published)": (0.797, 0.545),
        "Rasa (published)": (0.792, 0.506),
        "all-MiniLM-L6-v2, nearest neighbour (reference)": (0.887, 0.619),
    },
    "hint3-sofmattress (subset)": {
        "Dialogflow (published)": (0.828, 0.519),
        "BERT (published)": (0.798, 0.468),
        "Haptik (published)": (0.808, 0.437),
        "LUIS (published)": (0.768, 0.459),
        "Rasa (published)": (0.723, 0.398),
        "all-MiniLM-L6-v2, nearest neighbour (reference)": (0.874, 0.541),
    },
}

# top 1 of all-MiniLM-L6-v2, a question or sentence against its translations
TRANSLATION_REFERENCE = {
    "tatoeba fr→en": 0.086,
    "tatoeba en→fr": 0.188,
    "tatoeba de→en": 0.086,
    "tatoeba en→de": 0.167,
    "swiss-covid-faq fr→en": 0.40,
    "swiss-covid-faq de→en": 0.43,
    "swiss-covid-faq en→fr": 0.29,
}

# Spearman of all-MiniLM-L6-v2 on the test part of stsb-multi-mt
STS_REFERENCE = {"fr": 0.649, "de": 0.624, "en": 0.820}

# what is aimed at: (set, figure) → at least; calibration error: at most
GOALS: dict[tuple[str, str], float] = {
    ("hint3-sofmattress (full)", "auroc"): 0.93,
    ("hint3-sofmattress (full)", "accuracy_at_rejection"): 0.75,
    ("hint3-sofmattress (subset)", "auroc"): 0.91,
    ("hint3-sofmattress (subset)", "accuracy_at_rejection"): 0.66,
    ("own questions", "calibration_error"): 0.05,
    ("levels fr", "channel"): 0.95,
    ("levels de", "channel"): 0.90,
    ("levels en", "channel"): 0.90,
    ("tatoeba fr→en", "top1"): 0.90,
    ("tatoeba de→en", "top1"): 0.92,
    ("sts fr", "spearman"): 0.80,
    ("sts de", "spearman"): 0.78,
}
AT_MOST = frozenset({"calibration_error"})
