"""The supervisor's configuration, read as supervisord reads it."""

from __future__ import annotations

import configparser
import shlex
import socket
from pathlib import Path

from bot.prepare import tethered
from bot.settings import Settings
from bot.supervision import control_socket, end_leftover, pid_file, programs, supervisor_configuration


def read(settings: Settings) -> configparser.RawConfigParser:
    parser = configparser.RawConfigParser()
    parser.read_string(supervisor_configuration(settings, settings.data_dir / "run"))
    return parser


def test_every_process_is_kept_running_and_rasa_which_takes_longest_is_started_first() -> None:
    parser = read(Settings())
    found = {name.removeprefix("program:"): parser[name] for name in parser.sections() if name.startswith("program:")}
    assert sorted(found) == ["actions", "kb", "rasa", "web"]
    assert min(found, key=lambda name: int(found[name]["priority"])) == "rasa"
    assert all(section["autorestart"] == "true" for section in found.values())


def test_a_folder_with_blanks_quotes_and_percent_signs_reaches_the_programs_as_it_is(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / 'a b"c%d')
    command = read(settings)["program:rasa"]["command"] % {}  # supervisord expands %(names)s, and %% to %
    assert shlex.split(command) == tethered(programs(settings)["rasa"])
    assert any(str(tmp_path / 'a b"c%d') in part for part in shlex.split(command))


def test_the_control_socket_fits_into_a_socket_address_however_deep_the_folder_is(tmp_path: Path) -> None:
    deep = tmp_path / ("x" * 120)
    assert control_socket(deep) != control_socket(deep / "y")
    with socket.socket(socket.AF_UNIX) as probe:
        probe.bind(str(control_socket(deep)))
    control_socket(deep).unlink()


def test_nothing_is_ended_where_nothing_was_left(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    assert end_leftover(settings) is False
    pid_file(settings).parent.mkdir()
    pid_file(settings).write_text("1\n")
    assert end_leftover(settings) is True, "a killed supervisor that has ended: its processes may take a moment"
