-- Adds to the trace of the current search what was painted; the first report of a stage counts.
-- Arguments: search_id, stage, the offsets of its beginning and end, and the spans of pushes known by now or ''.
-- Returns 1, or 0 if another search is current.
if not standing_epoch() or not is_search(ARGV[6]) then return 0 end
redis.call('HSETNX', SEARCH, 'paint:' .. ARGV[7], ARGV[8] .. ' ' .. ARGV[9])
if ARGV[10] ~= '' then redis.call('HSET', SEARCH, 'push', ARGV[10]) end
return 1
