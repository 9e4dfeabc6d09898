"""The schema's revisions: one SQL file each, run whole. The Python file of the same name tells Alembic the
order.

Migrations only go forward. A later revision undoes a change, because an older schema has no place for newer
data.
"""
