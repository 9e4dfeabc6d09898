"""Who may come in: addresses, sign-in, cookies, tokens, rates."""
