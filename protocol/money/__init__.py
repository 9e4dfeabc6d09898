"""Money on the wire: structures, programmes, quotes."""
