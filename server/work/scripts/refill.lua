-- Puts waiting jobs onto the stream, where there are fewer than workers could take.
refill()
