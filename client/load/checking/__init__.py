"""What each client heard and holds, against what the others heard and a fresh snapshot tells."""
