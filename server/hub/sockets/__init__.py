"""One socket, below everything that has a meaning: limits, frames, and what waits to be written."""
