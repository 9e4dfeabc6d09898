"""Processes: what each one starts, and how they are supervised and stopped."""
