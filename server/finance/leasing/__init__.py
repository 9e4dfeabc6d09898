"""Leases: their money, and the best one for each car."""
