"""The payment grid of a quote: its axes, its cells, and that payments fall along both."""
