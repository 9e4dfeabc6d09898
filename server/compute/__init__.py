"""Computing for people beside the event loop, in processes of their own: they can be ended, a thread cannot.

Who waits is served by turns: store by store, and within a store person by person. ``pool`` is what the hub
uses, ``child`` is the program that the processes run.
"""
