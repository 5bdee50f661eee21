"""Command line: python -m kb_index --help."""

import os

# Before numpy is loaded: its products here are small, and threads that wait for each other on busy cores cost far more.
for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ.setdefault(name, "1")

from kb_index.cli import main  # noqa: E402

if __name__ == "__main__":
    main()
