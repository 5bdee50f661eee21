"""What `make run` says when it cannot start, on real ports, folders and devices."""

from __future__ import annotations

import contextlib
import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from bot.preflight import check_ports_are_free, only_one_on, space_left, why_not, written_to
from bot.prepare import LaunchError
from bot.settings import Settings
from tests.running import ROOT, free_ports

NAMES = ("port", "internal_port", "kb_port", "actions_port", "rasa_port")


def settings_on_free_ports(**others: object) -> Settings:
    return Settings(**dict(zip(NAMES, free_ports(len(NAMES)), strict=True)) | others)


def test_free_ports_are_taken_without_a_word() -> None:
    check_ports_are_free(settings_on_free_ports())


@pytest.mark.parametrize(("name", "variable"), [("port", "PORT"), ("rasa_port", "GUICHET_RASA_PORT")])
def test_a_port_in_use_is_named_with_a_free_one_instead(name: str, variable: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        with pytest.raises(LaunchError, match=rf"port {taken} \({variable}\).*already in use") as raised:
            check_ports_are_free(settings_on_free_ports(**{name: taken}))
        offered = re.search(rf"{variable}=(\d+) make run", str(raised.value))
        assert offered is not None
        assert int(offered[1]) != taken
        assert why_not("127.0.0.1", int(offered[1])) is None


def test_an_address_of_another_machine_is_refused_without_offering_a_port() -> None:
    with pytest.raises(LaunchError, match=r"on 192\.0\.2\.1 cannot be used") as raised:
        check_ports_are_free(settings_on_free_ports(host="192.0.2.1"))
    assert "make run" not in str(raised.value)


def test_one_port_for_two_processes_is_refused() -> None:
    (port,) = free_ports(1)
    with pytest.raises(LaunchError, match=f"PORT and GUICHET_KB_PORT.*{port} for both"):
        check_ports_are_free(settings_on_free_ports(port=port, kb_port=port))


def test_a_second_guichet_on_the_folder_is_told_of_the_first(tmp_path: Path) -> None:
    with (
        only_one_on(tmp_path / "data"),
        pytest.raises(LaunchError, match=rf"already \(process {os.getpid()}\).*GUICHET_DATA_DIR"),
        only_one_on(tmp_path / "data"),
    ):
        pass
    with only_one_on(tmp_path / "data"):
        """The first has ended."""


def test_the_folder_is_free_again_when_its_guichet_was_killed(tmp_path: Path) -> None:
    code = f"""
import os, signal, pathlib
from bot.preflight import only_one_on
with only_one_on(pathlib.Path({str(tmp_path)!r})):
    os.kill(os.getpid(), signal.SIGKILL)
"""
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False)
    assert (tmp_path / "run" / "lock").read_text().strip()
    with only_one_on(tmp_path):
        assert (tmp_path / "run" / "lock").read_text() == f"{os.getpid()}\n"


def test_a_data_folder_that_cannot_be_made_is_named_with_the_cure(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(LaunchError, match=r"GUICHET_DATA_DIR: expected a folder.*file/data.*Not a directory.*another"),
        only_one_on(tmp_path / "file" / "data"),
    ):
        pass


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a device that is always full")
def test_a_full_disk_is_named(tmp_path: Path) -> None:
    with (
        pytest.raises(LaunchError, match=r"No space left on device.*Make room"),
        written_to(tmp_path),
        contextlib.closing(open("/dev/full", "w", buffering=1)) as full,
    ):
        full.write("anything\n")


def test_space_is_mentioned_only_where_there_is_little(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert space_left(tmp_path) == ""
    monkeypatch.setattr("bot.preflight.LITTLE_SPACE", 2**62)
    assert re.search(r"has only \d+ MiB left", space_left(tmp_path))
    assert space_left(tmp_path / "not there") == ""
