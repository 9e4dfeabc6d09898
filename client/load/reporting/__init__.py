"""The result for people: while it runs, in the terminal, and as a page."""
