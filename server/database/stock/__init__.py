"""Cars in stock."""
