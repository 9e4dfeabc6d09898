"""What all processes count together in Redis: attempts, distinct questions, seats, usage."""
