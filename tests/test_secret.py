"""The installation's secret: made once, for its owner alone, and said so where it cannot be used."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from bot import secret
from bot.settings import Settings, SettingsError, load_settings


def settings(folder: Path, **values: Any) -> Settings:
    return load_settings(_env_file=None, data_dir=folder, **values)


def test_it_is_made_at_the_first_use_and_stays(tmp_path: Path) -> None:
    first = secret.load(settings(tmp_path / "new"))
    file = tmp_path / "new" / "secret.key"
    assert file.stat().st_mode & 0o777 == 0o600
    assert secret.load(settings(tmp_path / "new")) == first
    assert secret.load(settings(tmp_path / "other")) != first
    assert [path.name for path in file.parent.iterdir()] == ["secret.key"]


def test_processes_that_start_at_once_have_the_same(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as threads:
        made = list(threads.map(lambda _: secret.load(settings(tmp_path)), range(16)))
    assert len(set(made)) == 1


def test_each_purpose_has_its_own_key(tmp_path: Path) -> None:
    made = secret.load(settings(tmp_path))
    assert made.derived("one") != made.derived("two")
    assert made.derived("one") == made.derived("one")
    assert len(made.derived("one")[0]) == 32


def test_the_setting_wins_and_may_name_former_keys(tmp_path: Path) -> None:
    new, old = "n" * 32, "o" * 40
    both = secret.load(settings(tmp_path, secret_key=f"{new}, {old}"))
    assert both.derived("x") == (
        secret.load(settings(tmp_path, secret_key=new)).derived("x")
        + secret.load(settings(tmp_path, secret_key=old)).derived("x")
    )
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_used_is_said_without_being_repeated(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="GUICHET_SECRET_KEY: expected 32") as told:
        secret.load(settings(tmp_path, secret_key="too-short"))
    assert "too-short" not in str(told.value)
    (tmp_path / "secret.key").write_text("")
    with pytest.raises(SettingsError, match="restore it from a backup"):
        secret.load(settings(tmp_path))
    (tmp_path / "secret.key").unlink()
    (tmp_path / "secret.key").mkdir()
    with pytest.raises(SettingsError, match="IsADirectoryError"):
        secret.load(settings(tmp_path))
