"""Answers of searches in memory: shared by searches that ask the same at once, and kept for repeated ones."""
