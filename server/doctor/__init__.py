"""The doctor: measures each dependency and each process, and names the likeliest bottleneck first.

``subjects`` judge what was measured and do no I/O; ``probes`` measure and judge nothing. ``examination`` runs
the probes, each with a deadline, and ``verdicts`` puts the findings in order.
"""
