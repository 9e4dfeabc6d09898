"""Stock, customers and payment history from a warehouse that speaks PostgreSQL's protocol.

``layout`` says which tables and columns the warehouse has, ``keyset`` which rows come next, ``source`` asks
for them, ``pacing`` how often. ``stock``, ``customers`` and ``history`` judge rows and store a page of them.
``deletions`` compares keys, ``runs`` keeps how far each sync has come, ``syncing`` puts them together. Only
the command ``sync`` uses this package: no request ever waits for a warehouse.
"""
