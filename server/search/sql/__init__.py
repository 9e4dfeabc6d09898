"""Stage 1: SQL that an index answers, and reading its rows."""
