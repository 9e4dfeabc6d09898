"""Command handlers, and the table that maps commands to them."""
