-- Arguments: search_id, chunk, event up to its columns, columns, scanned, matched, chunks. Returns the outcome.
local search_id, chunk, prefix, columns = ARGV[6], ARGV[7], ARGV[8], ARGV[9]
local epoch = open_epoch()
-- An ended search takes no more: its counts are published already.
if not is_search(search_id) or redis.call('HGET', SEARCH, 'ended') ~= '' then return 'superseded' end
if redis.call('HSETNX', MATCHES, chunk, columns) == 0 then return 'repeated' end
redis.call('HSET', SEARCH, 'scanned', ARGV[10], 'matched', ARGV[11], 'chunks', ARGV[12])
redis.call('HINCRBY', SEARCH, 'pending', 1)
append(epoch, prefix .. columns .. '}')
return 'published'
