"""`python -m bot.engine …` is `rasa …` with a quicker start (see quick_start.py)."""

import sys
import warnings

from bot.engine.quick_start import import_skops_first, trust_own_domain

import_skops_first()

from rasa.__main__ import main  # noqa: E402

if __name__ == "__main__":
    if sys.argv[1:2] == ["run"]:
        trust_own_domain()
        # Rasa's dependencies warn about each other at every start (and undo -W ignore): nothing its user can mend.
        warnings.simplefilter("ignore", DeprecationWarning)
    main()
