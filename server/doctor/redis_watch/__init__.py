"""What Redis is asked, from two looks at its own counters."""
