"""PostgreSQL: connections, whose rows are seen, notifications, migrations."""
