"""PostgreSQL at size: replicas, a pooler, and migrations under load."""
