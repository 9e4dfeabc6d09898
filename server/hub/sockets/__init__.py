"""One socket below the level of commands and channels: limits, frames, and the outbox."""
