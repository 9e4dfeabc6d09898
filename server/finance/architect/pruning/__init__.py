"""Drops the programmes that cannot win for a car, before their structures are valued."""
