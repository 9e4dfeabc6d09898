"""Scenarios of a deal: their commands, and what prices them."""
