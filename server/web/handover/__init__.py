"""A store's people are served by the same web processes of a machine, whichever accepted their sockets."""
