"""Four web processes and four workers behind each proxy that has an example in ``docs/operations/deploy``."""
