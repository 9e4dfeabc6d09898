-- Arguments: search_id, chunk. Returns 1 where the chunk of the current search waits for its offers, else 0.
return (standing_epoch() and is_search(ARGV[6]) and redis.call('ZSCORE', DUE, ARGV[7])) and 1 or 0
