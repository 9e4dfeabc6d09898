"""The load generator: many clients of one workspace, on a schedule, measured and checked.

``deal-architect load`` is its command; ``docs/operations/load.md`` says how to use it. ``planning`` says what
is to be done, ``clients`` do it, ``measuring`` and ``checking`` look at it, ``judging`` says what it means;
``running`` brings them together.
"""
