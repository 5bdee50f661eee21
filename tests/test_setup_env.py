from pathlib import Path

import pytest

from bot import setup_env


def script(path: Path, body: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def nothing_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine whose PATH and home hold no Python 3.10."""
    monkeypatch.setattr(Path, "home", lambda: tmp_path / "home")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    monkeypatch.delenv("GUICHET_PYTHON310", raising=False)
    return tmp_path


def fake_python310(path: Path) -> Path:
    return script(path, "echo 3.10")


def test_a_shim_that_fails_is_passed_over_for_a_python_that_runs(nothing_installed: Path) -> None:
    script(nothing_installed / "bin" / "python3.10", "echo 'pyenv: python3.10: command not found' >&2; exit 127")
    real = fake_python310(nothing_installed / "pyenv" / "versions" / "3.10.13" / "bin" / "python")
    assert setup_env.find_python310() == real


def test_a_python_of_another_version_is_not_taken_for_310(nothing_installed: Path) -> None:
    script(nothing_installed / "bin" / "python3.10", "echo 3.11")
    real = fake_python310(nothing_installed / "home/.local/share/uv/python/cpython-3.10.9-linux/bin/python3.10")
    assert setup_env.find_python310() == real


def test_a_named_python_comes_first(nothing_installed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_python310(nothing_installed / "bin" / "python3.10")
    named = fake_python310(nothing_installed / "mine" / "python")
    monkeypatch.setenv("GUICHET_PYTHON310", str(named))
    assert setup_env.find_python310() == named


def test_lock_files_pull_no_cuda_packages_and_name_a_hash_for_everything() -> None:
    for lock in (setup_env.MAIN_LOCK, setup_env.RASA_LOCK):
        text = lock.read_text()
        for word in ("nvidia", "triton", "cuda"):
            assert word not in text, f"{lock.name} names {word}"
        pinned = [line for line in text.splitlines() if "==" in line and not line.startswith((" ", "#"))]
        assert pinned
        assert all(line.endswith("\\") for line in pinned), "a package without a hash"


def test_an_environment_is_current_only_for_the_lock_it_was_made_from(tmp_path: Path) -> None:
    lock = tmp_path / "some.lock"
    lock.write_text("a==1")
    env = tmp_path / "env"
    fake_python310(setup_env.env_python(env))
    assert not setup_env.is_current(env, lock)
    setup_env.complete(env, lock)
    assert setup_env.is_current(env, lock)
    lock.write_text("a==2")
    assert not setup_env.is_current(env, lock)


def test_a_failed_step_says_what_it_was_and_its_last_words(tmp_path: Path) -> None:
    failing = script(tmp_path / "fail", "echo the reason; exit 3")
    with pytest.raises(setup_env.SetupError, match=r"(?s)trying failed \(exit status 3\).*the reason"):
        setup_env.run([failing], doing="trying")
