"""What runs in child processes (child.py), by kind."""

from __future__ import annotations

from collections.abc import Callable

# kind → "module:function" of (settings, args, report) → result; args and result are JSON.
# `report(done, total, doing)`; total None: unknown.
TASKS = {
    "gate": "kb_index.gate:run",
    "publish": "kb_index.publication:run",
    "fit": "kb_index.publication:run_fit",
    "import": "kb_index.import_job:run",
}
Report = Callable[[int, int | None, str], None]
