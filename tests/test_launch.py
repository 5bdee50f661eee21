"""`python -m bot run` as a whole: ended in the middle of anything, killed, started twice."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from bot.launch import local_address
from bot.settings import Settings
from tests.running import ROOT, Guichet, running

linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a program with its parent")


@pytest.fixture(scope="module")
def own_guichet(tmp_path_factory: pytest.TempPathFactory, guichet: Guichet) -> Iterator[Guichet]:
    """Prepared, not running, and not shared with other tests, which would not survive the kills."""
    own = Guichet(tmp_path_factory.mktemp("launch"), like=guichet)
    yield own
    own.stop()


def all_gone(processes: dict[str, psutil.Process], within: float = 40) -> None:
    _, alive = psutil.wait_procs(processes.values(), timeout=within)
    assert not alive, alive


def refused(guichet: Guichet, **environment: str) -> str:
    """What a start says that is expected to fail."""
    ran = subprocess.run(
        [sys.executable, "-m", "bot", "run"], cwd=ROOT, env=guichet.environment | environment,
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert ran.returncode == 1, ran.stdout + ran.stderr
    assert "Traceback" not in ran.stdout + ran.stderr
    return ran.stdout


def test_a_second_guichet_is_refused_and_an_end_is_clean(own_guichet: Guichet) -> None:
    own_guichet.start()
    processes = own_guichet.processes()
    assert set(processes) == {"launcher", "supervisor", "web", "kb", "actions", "rasa"}
    assert f"already (process {processes['launcher'].pid})" in refused(own_guichet)
    assert "(PORT) on 127.0.0.1 cannot be used" in refused(
        own_guichet, GUICHET_DATA_DIR=str(own_guichet.data_dir / "other")
    )
    assert own_guichet.stop() == 0
    all_gone(processes, within=5)
    assert own_guichet.output().endswith("[guichet] stopped\n")
    assert "Traceback" not in own_guichet.output()


def test_it_starts_where_its_output_is_a_socket_as_under_systemd(own_guichet: Guichet) -> None:
    ours, its = socket.socketpair()
    with ours, subprocess.Popen(
        [sys.executable, "-m", "bot", "run"], cwd=ROOT, env=own_guichet.environment, stdout=its, stderr=its
    ) as process:  # fmt: skip
        its.close()
        ours.settimeout(120)
        said = ""
        with ours.makefile(encoding="utf-8") as lines:
            for line in lines:
                said += line
                if "ready after" in line:
                    process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0, said
    assert "event=web_started" in said
    assert said.endswith("stopped\n")


def test_articles_that_cannot_be_read_leave_the_index_published_before(own_guichet: Guichet, tmp_path: Path) -> None:
    content = tmp_path / "content"
    shutil.copytree(ROOT / "data", content)
    (content / "kb.yml").write_text("languages: {")
    with running(own_guichet.data_dir, {"GUICHET_CONTENT_DIR": str(content)}) as beside:
        assert "building the index of the articles failed" in beside.output()
        assert "kb.yml" in beside.output()
        assert "The index published before is served." in beside.output()


@linux
@pytest.mark.parametrize("victim", ["launcher", "supervisor"])
def test_a_killed_guichet_leaves_nothing_behind_and_starts_again(own_guichet: Guichet, victim: str) -> None:
    own_guichet.start()
    left = own_guichet.processes()
    own_guichet.kill(victim)
    assert own_guichet.ended() != 0
    own_guichet.start()  # at once, while what is left is still ending
    all_gone(left)
    assert own_guichet.stop() == 0


def test_ending_it_while_it_prepares_is_clean(tmp_path: Path) -> None:
    fresh = Guichet(tmp_path)
    with fresh.log.open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "bot", "run"], cwd=ROOT, env=fresh.environment, stdout=log, stderr=log
        )
    try:
        deadline = time.monotonic() + 120
        while "encoding" not in fresh.output():
            assert process.poll() is None, fresh.output()
            assert time.monotonic() < deadline
            time.sleep(0.1)
        children = psutil.Process(process.pid).children(recursive=True)
        assert len(children) == 2, "the index and the model are made at the same time"
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
    finally:
        process.kill()
    all_gone({str(child.pid): child for child in children}, within=5)
    assert "Traceback" not in fresh.output()
    assert fresh.output().endswith("stopped\n")
    assert not list((tmp_path / "kb" / "versions").glob(".building-*")), "nothing half done is left"


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "http://127.0.0.1:8080"),
        ("0.0.0.0", "http://127.0.0.1:8080"),
        ("::", "http://[::1]:8080"),
        ("bot.example", "http://bot.example:8080"),
    ],
)
def test_the_address_that_is_said_can_be_opened(host: str, address: str) -> None:
    assert local_address(Settings(host=host)) == address
