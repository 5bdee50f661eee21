"""`python -m actions` serves the actions on 127.0.0.1:GUICHET_ACTIONS_PORT (8083)."""

from __future__ import annotations

import logging
import os
import sys

import structlog
from aiohttp import web

from actions.server import application


def port(name: str, default: int) -> int:
    value = os.environ.get(name) or str(default)
    if not value.isdecimal() or not 0 < int(value) < 65536:
        sys.exit(f"{name}: expected a port between 1 and 65535, got {value!r}")
    return int(value)


def main() -> None:
    level = logging.getLevelNamesMapping().get(os.environ.get("GUICHET_LOG_LEVEL", "info").upper(), logging.INFO)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(level))
    app = application(
        kb_port=port("GUICHET_KB_PORT", 8082),
        web_port=port("GUICHET_INTERNAL_PORT", 8081),
        token=os.environ.get("GUICHET_INTERNAL_TOKEN", ""),
    )
    web.run_app(app, host="127.0.0.1", port=port("GUICHET_ACTIONS_PORT", 8083), access_log=None, print=None)


if __name__ == "__main__":
    main()
