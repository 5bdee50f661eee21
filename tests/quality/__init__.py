"""Quality of search on outside sets and our own golden questions, beside baselines: `python -m tests.quality`."""
