"""What a receiver sees of a channel: projections of the log, and what must stay hidden."""
