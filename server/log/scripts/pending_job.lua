-- Arguments: search_id, chunk. Returns the job if the chunk is of the current search and waits for its offers, else false.
return standing_epoch() and is_search(ARGV[6]) and redis.call('ZSCORE', DUE, ARGV[7])
    and redis.call('HGET', JOBS, ARGV[7])
