"""Arrays as files that are mapped, not read: one each, as several in one file could not be mapped."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kb_index.postings import Arrays


def write_arrays(folder: Path, name: str, arrays: Mapping[str, NDArray[Any]]) -> None:
    for key, array in arrays.items():
        np.save(folder / f"{name}-{key}.npy", array, allow_pickle=False)


def read_arrays(folder: Path, name: str) -> Arrays:
    paths = sorted(folder.glob(f"{name}-*.npy"))
    return {path.stem.removeprefix(f"{name}-"): _mapped(path) for path in paths}


def _mapped(path: Path) -> NDArray[Any]:
    return np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))
