"""Read-only views of a source: a bare git repository or an unpacked package."""

from __future__ import annotations

import json
import subprocess
from functools import cached_property
from pathlib import Path


class Folder:
    """The files below a folder."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @cached_property
    def paths(self) -> list[str]:
        """Paths relative to the root, sorted."""
        return sorted(str(path.relative_to(self.root)) for path in self.root.rglob("*") if path.is_file())

    def read(self, path: str) -> bytes:
        """The bytes of a file; OSError where it is not there."""
        return (self.root / path).read_bytes()


class Repository:
    """The files of one commit of a bare repository (no work tree needed)."""

    def __init__(self, git_dir: Path, commit: str = "HEAD") -> None:
        self.git = ["git", "--git-dir", str(git_dir)]
        self.commit = commit
        self.reader = subprocess.Popen(
            [*self.git, "cat-file", "--batch"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    @cached_property
    def paths(self) -> list[str]:
        """Paths of the commit, sorted."""
        listing = subprocess.run(
            [*self.git, "ls-tree", "-r", "-z", "--name-only", self.commit], check=True, capture_output=True
        )
        return sorted(name for name in listing.stdout.decode("utf-8", "replace").split("\0") if name)

    def read(self, path: str) -> bytes:
        """The bytes of a file; FileNotFoundError where the repository lacks it."""
        pipe_in, pipe_out = self.reader.stdin, self.reader.stdout
        assert pipe_in is not None
        assert pipe_out is not None
        pipe_in.write(f"{self.commit}:{path}\n".encode())
        pipe_in.flush()
        head = pipe_out.readline().split()
        if head[-1] == b"missing":
            raise FileNotFoundError(path)
        data = pipe_out.read(int(head[2]))
        pipe_out.read(1)
        return data


Tree = Folder | Repository


PINS: dict[str, dict[str, str]] = json.loads((Path(__file__).parent / "pins.json").read_text(encoding="utf-8"))


def open_tree(raw: Path, name: str) -> Tree:
    """The source `name` below `raw`: bare clone `<name>.git`, read at its pin, or unpacked package `<name>`."""
    bare = raw / f"{name}.git"
    if bare.exists():
        return Repository(bare.resolve(), PINS[name]["version"])
    if (raw / name).is_dir():
        return Folder(raw / name)
    raise FileNotFoundError(f"{raw}: expected {name}.git or {name}/; get it as kb_index/distill/README.md says")
