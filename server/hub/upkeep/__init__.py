"""What the hub does without being asked: it publishes, repairs, expires and announces."""
