"""Commands for customers' data: export, erasure, and what is old enough to go."""
