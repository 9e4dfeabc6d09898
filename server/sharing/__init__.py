"""How a bounded resource is shared: by turns between stores, and within a store between its people.

``lanes`` names who shares, ``turns`` lets so many work at once, ``line`` orders what waits to be taken.
"""
