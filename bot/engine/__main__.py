"""`python -m bot.engine …` is `rasa …` with a quicker start (see quick_start.py)."""

from bot.engine.quick_start import import_skops_first, trust_own_domain

import_skops_first()

from rasa.__main__ import main  # noqa: E402

trust_own_domain()

if __name__ == "__main__":
    main()
