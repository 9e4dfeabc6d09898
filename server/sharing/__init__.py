"""Fair sharing of a bounded resource: between stores first, then between the people of a store.

``lanes`` names who shares, ``turns`` limits how many work at once, ``line`` orders what waits.
"""
