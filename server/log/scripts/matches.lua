-- Arguments: search_id, chunk, event up to its columns, columns, scanned, matched, chunks, place, rejected, job, owner,
-- lease, the job's lane. Returns the outcome.
local search_id, chunk, prefix, columns, owner = ARGV[6], ARGV[7], ARGV[8], ARGV[9], ARGV[16]
local epoch = open_epoch()
-- An ended search takes no more chunks: its counts are already published.
if not is_running_by(search_id, owner) then return 'superseded' end
if redis.call('HSETNX', MATCHES, chunk, columns) == 0 then return 'repeated' end
redis.call('HSET', SEARCH, 'scanned', ARGV[10], 'matched', ARGV[11], 'chunks', ARGV[12], 'place', ARGV[13],
    'rejected', ARGV[14], 'lane', ARGV[18])
redis.call('HINCRBY', SEARCH, 'pending', 1)
index_chunk(search_id, columns)
untell_older(columns)
-- The job is stored with its chunk until it is settled; the queue only points to it.
redis.call('HSET', JOBS, chunk, ARGV[15])
redis.call('ZADD', DUE, whole(now_ms()), chunk)
take_lease(owner, ARGV[17])
append(epoch, prefix .. columns .. '}')
return 'published'
