"""Commands about a deal: its history, its pencils, its paper, and where the time of its searches went."""
