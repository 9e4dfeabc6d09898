"""A person's connection: what it follows, and what it may do."""
