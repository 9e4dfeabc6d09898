"""Latencies from the time that was intended, and how busy the generator itself is."""
