"""The customers' help page: search, categories, articles, what readers think of them, and the recheck of answers."""
