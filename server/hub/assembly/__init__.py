"""The hub of one web process, put together: what hears, what tells, what handles commands."""
