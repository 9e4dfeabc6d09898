"""The contract to the cent, as it is printed and signed: ``decimal`` throughout, one deal at a time."""
