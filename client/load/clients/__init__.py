"""The people of a run: their sockets, their seats, what they do, and what disturbs them."""
