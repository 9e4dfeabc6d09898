"""Counters in Redis that all processes share: attempts, distinct requests, seats, usage."""
