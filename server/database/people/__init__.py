"""Stores, staff, credentials, and the record of security events."""
