"""Stage 2: which cars of a chunk can become a deal."""
