"""A person's connection: the channels that it watches, and what it may do."""
