"""Customers' data: what must be kept and for how long, its export, and its erasure."""
