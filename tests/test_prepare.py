"""Steps are real commands: their failures are shown, and they end when we do."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path

import pytest

from bot.prepare import LaunchError, Steps, fingerprint_of, is_trained, model_fingerprint
from bot.settings import Settings
from tests.running import ROOT


def python(code: str) -> list[str]:
    return [sys.executable, "-u", "-c", code]


def test_a_failed_step_is_named_with_its_last_words(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(LaunchError, match=r"(?s)doing this failed.*the reason"):
        Steps().run(python("import sys; print('quiet'); sys.exit('the reason')"), os.environ, doing="doing this")
    assert "quiet" not in capfd.readouterr().out


def test_a_steps_lines_are_passed_on_where_asked(capfd: pytest.CaptureFixture[str]) -> None:
    Steps().run(python("print('one of ten')"), os.environ, doing="doing this", show=True)
    said = capfd.readouterr().out
    assert "[guichet] doing this …" in said
    assert "[guichet]   one of ten" in said
    assert "doing this: done in" in said


@pytest.mark.parametrize("stubborn", [False, True])
def test_ending_interrupts_what_runs_and_begins_nothing_more(
    stubborn: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if stubborn:
        monkeypatch.setattr("bot.prepare.END_WITHIN_SECONDS", 0.5)
    begun, cleaned = tmp_path / "begun", tmp_path / "cleaned"
    os.mkfifo(begun)
    ignore = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN);" if stubborn else ""
    code = f"""
{ignore}
import pathlib, time
try:
    with open({str(begun)!r}, 'w') as fifo:
        fifo.write('x')
    time.sleep(600)
finally:
    pathlib.Path({str(cleaned)!r}).touch()
"""
    steps, errors = Steps(), []

    def work() -> None:
        try:
            steps.run(python(code), os.environ, doing="sleeping")
        except LaunchError as error:
            errors.append(str(error))

    thread = threading.Thread(target=work)
    thread.start()
    assert begun.read_text() == "x"  # opening it waits until the step has come so far
    steps.end()
    thread.join(30)
    assert not thread.is_alive()
    assert cleaned.exists() is not stubborn, "an interrupted step tidies up; one that does not listen is killed"
    assert "sleeping failed" in errors[0]
    with pytest.raises(LaunchError, match="not begun"):
        steps.run(python("pass"), os.environ, doing="sleeping")


def test_the_fingerprint_knows_names_and_contents_of_every_file() -> None:
    paths = [ROOT / "config.yml", ROOT / "data" / "rules"]
    first = fingerprint_of(paths)
    assert first == fingerprint_of(paths)
    assert len({first, fingerprint_of(paths[:1]), fingerprint_of(reversed(paths))}) == 3


def test_a_model_counts_only_with_the_fingerprint_of_what_is_there(tmp_path: Path) -> None:
    settings, folder = Settings(data_dir=tmp_path), tmp_path / "rasa" / "model"
    assert not is_trained(settings)
    folder.mkdir(parents=True)
    (folder / "fingerprint").write_text(model_fingerprint())
    assert not is_trained(settings), "a fingerprint without a model"
    (folder / "guichet.tar.gz").touch()
    assert is_trained(settings)
    (folder / "fingerprint").write_text("of other files")
    assert not is_trained(settings)
