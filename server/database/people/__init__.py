"""Stores, staff, what they sign in with, and the record of security events."""
