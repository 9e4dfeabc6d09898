"""Replicas of the database: which of them may answer a search, and the pools to them."""
