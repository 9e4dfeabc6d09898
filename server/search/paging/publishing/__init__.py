"""What a page of a search publishes: its announcement, its chunks, their values, its end."""
