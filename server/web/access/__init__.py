"""Access control: addresses, sign-in, cookies, tokens, rate limits."""
