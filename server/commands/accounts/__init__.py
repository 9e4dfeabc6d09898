"""Commands about stores, their people, the tokens that let them in, and what security recorded."""
