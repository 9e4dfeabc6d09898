"""Which of the structures is best, which tie, and which form the frontier."""
