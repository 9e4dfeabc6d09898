"""The commands: which function handles which, and what each does."""
