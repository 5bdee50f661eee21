"""The child process of a job: `python -m kb_index.child` does one task within its memory limit and ends.

Standard input: one line {"kind", "args", "settings"}, then open as long as the parent wants the result. Standard
output: lines {"done", "total", "doing"}, at last {"result"} or {"error": {"code", "message"}}.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import resource
import sys
import threading
from typing import Any, TextIO

from kb_index.errors import ContentError, KbError, PublishError
from kb_index.settings import Settings, load_settings
from kb_index.tasks import TASKS, Report

NICE = 10  # searching comes first


def main() -> None:
    out = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what libraries print does not mix with ours
    request = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_parent, daemon=True).start()
    with contextlib.suppress(OSError):
        os.nice(NICE)
    settings = load_settings(**request["settings"])
    limit = settings.job_memory_mb * 1024 * 1024
    with contextlib.suppress(ValueError, OSError):  # a lower limit may be set already; it holds too
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))

    def report(done: int, total: int | None, doing: str) -> None:
        _say(out, {"done": done, "total": total, "doing": doing})

    _say(out, _outcome(settings, request, report))


def _outcome(settings: Settings, request: dict[str, Any], report: Report) -> dict[str, Any]:
    try:
        module, function = TASKS[request["kind"]].split(":")
        return {"result": getattr(importlib.import_module(module), function)(settings, request["args"], report)}
    except PublishError as error:
        return _error(error.code, str(error), problems=error.problems)
    except ContentError as error:
        return _error(error.code, str(error), file=error.file, line=error.line)
    except KbError as error:
        return _error(error.code, str(error))
    except MemoryError:
        return _error("out_of_memory", "it needs more memory than a job may take (GUICHET_JOB_MEMORY_MB)")
    except OSError as error:
        return _error("io_error", f"{error.strerror or error}: {error.filename}" if error.filename else str(error))


def _error(code: str, message: str, **more: object) -> dict[str, Any]:
    return {"error": {"code": code, "message": message, **more}}


def _say(out: TextIO, line: dict[str, Any]) -> None:
    out.write(json.dumps(line) + "\n")
    out.flush()


def _end_with_parent() -> None:
    """Standard input ends where the parent is gone, or wants no result any more."""
    sys.stdin.read()
    os._exit(1)


if __name__ == "__main__":
    main()
