"""Decisions about a deal: each is one transaction that returns the events it wrote."""
