"""What a deal shows to its customer: computing it, the links to it, and what the customer accepts."""
