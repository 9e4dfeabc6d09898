"""A search as it runs: its pages, its lease, and cars that are matched again."""
