"""The job behind `POST /import`, in a child process that loads nothing of the service."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from kb_index.import_options import Report, folder_of, options_of
from kb_index.importing import propose
from kb_index.settings import Settings


def run(settings: Settings, args: dict[str, Any], report: Report) -> dict[str, Any]:
    """Its result, as docs/console.md has it. `args`: {"source": address | {"name", "upload"}, "options"}."""
    source = args["source"]
    options = replace(options_of(settings), **args["options"])
    if isinstance(source, str):
        return propose(source, settings.content_dir, options, report).as_json()
    path = folder_of(settings) / source["upload"]
    return propose(str(path), settings.content_dir, options, report, source["name"]).as_json()
