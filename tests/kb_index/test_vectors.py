"""Nearest vectors: exact while small, a graph that finds nearly all beyond, the same after saving."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kb_index import vectors
from kb_index.encoder import Vectors
from kb_index.vectors import VectorIndex


def unit(count: int, seed: int = 5, dim: int = 32, noise: float = 0.5) -> Vectors:
    """Clustered directions, as texts have them."""
    rng = np.random.default_rng(seed)
    centres = np.random.default_rng(0).normal(size=(50, dim))
    rows = centres[rng.integers(50, size=count)] + noise * rng.normal(size=(count, dim))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


@pytest.mark.parametrize("count", [1, 7, 500])
def test_exact_scores_are_the_cosines_also_from_a_mapped_file(tmp_path: Path, count: int) -> None:
    rows, query = unit(count), unit(1, seed=9)[0]
    index = VectorIndex.build(rows)
    index.save(tmp_path)
    for one in (index, VectorIndex.load(tmp_path)):
        assert one.exact
        np.testing.assert_allclose(one.scores(query), rows @ query, atol=1e-5)
        np.testing.assert_array_equal(one.vectors, rows)


def test_no_vectors_give_no_scores(tmp_path: Path) -> None:
    index = VectorIndex.build(np.zeros((0, 32), np.float32))
    index.save(tmp_path)
    assert VectorIndex.load(tmp_path).scores(unit(1)[0]).shape == (0,)


@pytest.mark.parametrize("noise", [0.5, 0.9])
def test_beyond_the_limit_a_graph_finds_99_of_100_nearest_with_exact_cosines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, noise: float
) -> None:
    monkeypatch.setattr(vectors, "EXACT_UP_TO", 1000)
    rows, queries = unit(3000), unit(60, seed=9, noise=noise)
    VectorIndex.build(rows).save(tmp_path)
    index = VectorIndex.load(tmp_path)
    assert not index.exact
    assert "graph" in index.kind
    found = 0
    for query in queries:
        cosines, near = index.search(query, 10)
        np.testing.assert_allclose(cosines, rows[near] @ query, atol=1e-5)
        assert (np.diff(cosines) <= 0).all()
        found += len(set(np.argsort(-(rows @ query))[:10].tolist()) & set(near.tolist()))
    assert found / 600 >= 0.99
