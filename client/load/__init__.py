"""The load generator: many clients of one workspace, on a schedule, measured and checked.

``deal-architect load`` is its command; ``docs/operations/load.md`` says how to use it.
"""
