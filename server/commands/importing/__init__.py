"""Commands that bring in stock and tables from CSV."""
