"""One car priced for a deal: computed, kept, or read from what was signed."""
