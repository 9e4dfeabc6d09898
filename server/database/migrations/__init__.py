"""The schema's revisions: an SQL file each, run whole; the Python file of its name gives Alembic the order.

The way is forward only: a change is undone by a later revision, because data that a newer schema took in has
no place in an older one.
"""
