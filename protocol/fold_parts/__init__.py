"""Parts of the fold of a deal: what events about one of its parts do to it."""
