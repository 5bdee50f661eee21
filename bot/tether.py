"""Tie a program to its parent: `python tether.py PROGRAM ARGUMENT…` becomes PROGRAM, which Linux ends with its parent.

So nothing of ours outlives a killed supervisor and keeps the ports. Elsewhere than on Linux it is just the program.
Standard library only, and a file of its own: it is run without site-packages, in a few milliseconds.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main(command: list[str]) -> None:
    """Never returns."""
    if sys.platform == "linux":
        # Kept through exec; SIGTERM lets each program end as it does when it is stopped.
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM.value, 0, 0, 0)
    os.execv(command[0], command)


if __name__ == "__main__":
    main(sys.argv[1:])
