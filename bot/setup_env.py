"""Set up both Python environments, once. Standard library only: it runs before anything is installed.

`python3 -m bot.setup_env` makes `.venv` (this Python, everything but Rasa) and `.venv-rasa` (Python 3.10, Rasa alone)
from the two lock files; with `--browser` it also looks for a Chromium for the browser tests. What is already there and
unchanged is left alone, so a second run needs no network.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MAIN_ENV = ROOT / ".venv"
RASA_ENV = ROOT / ".venv-rasa"
MAIN_LOCK = ROOT / "requirements.lock"
RASA_LOCK = ROOT / "requirements-rasa.lock"
TORCH_VERSION = "2.13.0"
UV_VERSION = "0.13.9"


class SetupError(Exception):
    """Something outside our hands is missing; the message says what to do."""


def say(text: str) -> None:
    print(f"[setup] {text}", flush=True)


def env_python(env: Path) -> Path:
    return env / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def run(command: list[str | Path], *, doing: str) -> None:
    """Run a command quietly; show its output only when it fails."""
    say(f"{doing} …")
    started = time.monotonic()
    result = subprocess.run([str(part) for part in command], cwd=ROOT, text=True, capture_output=True)
    if result.returncode != 0:
        tail = "\n".join((result.stdout + result.stderr).strip().splitlines()[-25:])
        raise SetupError(f"{doing} failed (exit status {result.returncode}). Its last words:\n{tail}")
    say(f"{doing}: done in {time.monotonic() - started:.0f} s")


def stamp(lock: Path, python: str) -> str:
    return hashlib.sha256(lock.read_bytes() + python.encode()).hexdigest()


def is_current(env: Path, lock: Path) -> bool:
    """True where the environment was completed from exactly this lock file and still starts."""
    mark = env / "guichet.stamp"
    if not mark.is_file() or not env_python(env).exists():
        return False
    version = python_version(env_python(env))
    return version is not None and mark.read_text() == stamp(lock, version)


def complete(env: Path, lock: Path) -> None:
    version = python_version(env_python(env))
    if version is None:
        raise SetupError(f"{env_python(env)} does not start although it was just made. Delete {env} and try again.")
    (env / "guichet.stamp").write_text(stamp(lock, version))


def python_version(python: str | Path) -> str | None:
    """ "3.10" for a Python that really runs and can make environments; None for a shim that fails or no Python."""
    probe = "import sys, venv, ensurepip; print('%d.%d' % sys.version_info[:2])"
    try:
        result = subprocess.run([str(python), "-c", probe], text=True, capture_output=True, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return result.stdout.strip() if result.returncode == 0 else None


def python310_candidates() -> Iterator[Path]:
    named = os.environ.get("GUICHET_PYTHON310")
    if named:
        yield Path(named)
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        if folder:
            yield Path(folder) / "python3.10"
    pyenv_root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    yield from sorted(pyenv_root.glob("versions/3.10.*/bin/python"), reverse=True)
    yield from sorted((Path.home() / ".local/share/uv/python").glob("cpython-3.10*/bin/python3.10"), reverse=True)
    for folder in ("/usr/bin", "/usr/local/bin", "/opt/homebrew/bin"):
        yield Path(folder) / "python3.10"


def find_python310() -> Path | None:
    seen: set[Path] = set()
    for candidate in python310_candidates():
        if candidate in seen or not candidate.exists():
            continue
        seen.add(candidate)
        if python_version(candidate) == "3.10":
            return candidate
    return None


def install_lock(env: Path, lock: Path, *, doing: str) -> None:
    # The lock names every package, so pip need not (and must not) resolve anything itself.
    run(
        [env_python(env), "-m", "pip", "install", "--no-deps", "--require-hashes", "--disable-pip-version-check",
         "--no-input", "-r", lock],
        doing=doing,
    )  # fmt: skip


def install_cpu_torch() -> None:
    """Install PyTorch's CPU build; without one, go on: only `GUICHET_ENCODER` needs it.

    On Linux a plain `torch` would be the CUDA build with gigabytes of libraries: only a version marked `+cpu` will do.
    """
    plain_is_cpu = sys.platform != "linux"
    requirement = f"torch=={TORCH_VERSION}" if plain_is_cpu else f"torch=={TORCH_VERSION}+cpu"
    command: list[str | Path] = [env_python(MAIN_ENV), "-m", "pip", "install", "--no-deps", "--no-input"]
    index = os.environ.get("GUICHET_TORCH_INDEX")
    if index:
        command += ["--index-url", index]
    try:
        run([*command, requirement], doing=f"installing {requirement}")
    except SetupError:
        say(
            f"no {requirement} for Python {platform.python_version()} from the configured package indexes. Not needed "
            "for the bundled encoder; to use another one (GUICHET_ENCODER), set GUICHET_TORCH_INDEX to PyTorch's index "
            "of CPU builds (named on pytorch.org under « Get Started ») and delete .venv/guichet.stamp."
        )


def set_up_main() -> None:
    if is_current(MAIN_ENV, MAIN_LOCK):
        return
    if not env_python(MAIN_ENV).exists():
        if python_version(sys.executable) is None:
            raise SetupError(
                f"{sys.executable} cannot make virtual environments. On Debian or Ubuntu: apt install python3-venv."
            )
        run([sys.executable, "-m", "venv", MAIN_ENV], doing=f"making .venv with Python {platform.python_version()}")
    install_lock(MAIN_ENV, MAIN_LOCK, doing="installing requirements.lock")
    install_cpu_torch()
    complete(MAIN_ENV, MAIN_LOCK)


def set_up_rasa() -> None:
    if is_current(RASA_ENV, RASA_LOCK):
        return
    if python_version(env_python(RASA_ENV)) != "3.10":
        python310 = find_python310()
        if python310:
            run([python310, "-m", "venv", "--clear", RASA_ENV], doing=f"making .venv-rasa with {python310}")
        else:
            say("no working Python 3.10 found (Rasa supports none newer); uv fetches one")
            run(
                [env_python(MAIN_ENV), "-m", "pip", "install", "--no-input", f"uv=={UV_VERSION}"],
                doing="installing uv",
            )
            try:
                run(
                    [env_python(MAIN_ENV), "-m", "uv", "venv", "--clear", "--seed", "--python", "3.10", RASA_ENV],
                    doing="fetching Python 3.10",
                )
            except SetupError as error:
                raise SetupError(
                    f"{error}\nExpected a Python 3.10, got none. Install one (apt, pyenv, python.org) and name it in "
                    "GUICHET_PYTHON310, or let uv reach its download site."
                ) from None
    install_lock(RASA_ENV, RASA_LOCK, doing="installing requirements-rasa.lock (Rasa and TensorFlow, about 600 MB)")
    complete(RASA_ENV, RASA_LOCK)


def find_chromium() -> str | None:
    for name in ("chromium", "chromium-browser", "google-chrome"):
        path = shutil.which(name)
        if path:
            return path
    return None


def set_up_browser() -> None:
    """Have a Chromium for the browser tests: the system's, Debian's by apt where we are root, else Playwright's own."""
    if find_chromium():
        return
    playwright: list[str | Path] = [env_python(MAIN_ENV), "-m", "playwright"]
    apt = shutil.which("apt-get")
    if apt and os.geteuid() == 0:
        run([apt, "update"], doing="reading Debian's package lists")
        run([apt, "install", "-y", "chromium", "fonts-liberation"], doing="installing Chromium")
    else:
        run([*playwright, "install", "chromium"], doing="fetching Playwright's Chromium")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--browser", action="store_true", help="also set up Chromium for the browser tests")
    arguments = parser.parse_args()
    try:
        set_up_main()
        set_up_rasa()
        if arguments.browser:
            set_up_browser()
    except SetupError as error:
        say(str(error))
        return 1
    except KeyboardInterrupt:
        say("interrupted; the next run goes on from here")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
