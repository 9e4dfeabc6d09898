"""What migrations need while people work: steps outside a transaction, and a word on what is waited for."""
