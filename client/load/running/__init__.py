"""A run from signing in to cleaning up, in one process or in several."""
