"""PostgreSQL: connections, row-level scopes, notifications, migrations."""
