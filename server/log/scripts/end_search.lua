-- Arguments: search_id, search_ended up to, not including, its search_id, reason, scanned, matched, chunks, next token or
-- '', trace, search_valued up to its counts, rejected, owner ('' if another process ends it), place or '',
-- the spans of the trace.
-- Returns the outcome.
local search_id, prefix, owner = ARGV[6], ARGV[7], ARGV[16]
local epoch = open_epoch()
if not is_search(search_id) then return 'superseded' end
if owner ~= '' and redis.call('HGET', SEARCH, 'owner') ~= owner then return 'superseded' end
if redis.call('HGET', SEARCH, 'ended') ~= '' then return 'repeated' end
redis.call('HSET', SEARCH, 'ended', ARGV[8], 'next', ARGV[12], 'trace', ARGV[13], 'spans', ARGV[18])
-- Counts from another process may be old: the owner may have published more since.
if owner ~= '' then
    redis.call('HSET', SEARCH, 'scanned', ARGV[9], 'matched', ARGV[10], 'chunks', ARGV[11], 'rejected', ARGV[15])
end
if ARGV[17] ~= '' then redis.call('HSET', SEARCH, 'place', ARGV[17]) end
append(epoch, ended_body(prefix, ARGV[8], ARGV[12], ARGV[13], ARGV[18]))
announce_valued(epoch, ARGV[14])
return 'published'
