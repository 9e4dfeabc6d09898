"""What customers are told, in words and as amounts are written; the same on paper and on screens."""
