"""Stage 1: SQL that an index answers, and how it is read."""
