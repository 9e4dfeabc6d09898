"""What lenders decide about a deal: the commands, and their terms."""
