"""Computation for people outside the event loop, in child processes: a process can be killed, a thread
cannot.

Waiting calls take turns: store by store, and person by person within a store. ``pool`` is what the hub uses,
``child`` is the program that the processes run.
"""
