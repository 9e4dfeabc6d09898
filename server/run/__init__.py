"""Processes: what each of them starts, and how they are kept running and ended."""
