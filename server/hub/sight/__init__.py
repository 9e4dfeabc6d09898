"""What somebody sees of a channel: projections of the one log, and what must stay hidden."""
