"""Running a search: its pages, its lease, and cars that are matched again."""
