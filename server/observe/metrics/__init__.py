"""The figures of one process, counted as plain numbers and written for Prometheus when they are asked for.

``histogram`` and ``tally`` count, ``statements``, ``searches`` and ``start_up`` know what they count,
``metrics`` holds the names, ``exposition`` and ``writing`` write them, and ``merging`` puts those of several
processes together. Only ``exposition`` imports the Prometheus library, which no process waits for.
"""
