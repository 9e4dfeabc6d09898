"""Leases in a deal: which programmes name a car, the best lease of each car, and its money to the cent."""
