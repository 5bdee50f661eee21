"""A tethered program is itself, and ends with its parent."""

from __future__ import annotations

import os
import subprocess
import sys

import psutil
import pytest

from bot.prepare import tethered
from tests.running import ROOT


def test_a_tethered_program_gets_its_arguments_and_its_environment() -> None:
    code = "import os, sys; print(sys.argv[1:], os.environ['GUICHET_TETHERED'])"
    ran = subprocess.run(
        tethered([sys.executable, "-c", code, "a b", "--c"]),
        env=os.environ | {"GUICHET_TETHERED": "yes"}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert ran.stdout == "['a b', '--c'] yes\n"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a program with its parent")
def test_a_tethered_program_ends_when_its_parent_is_killed() -> None:
    code = """
import subprocess, sys, time
from bot.prepare import tethered
child = subprocess.Popen(tethered([sys.executable, "-u", "-c", "import os, time; print(os.getpid()); time.sleep(600)"]))
child.wait()
"""
    with subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
        _, alive = psutil.wait_procs([child], timeout=30)
        assert not alive
