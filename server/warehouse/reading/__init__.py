"""Reads a warehouse: which rows come next, how fast, and over which wire."""
