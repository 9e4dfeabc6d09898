"""The store: PostgreSQL, and nothing else."""
