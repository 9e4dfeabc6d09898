-- Returns {search_id, by, id, rev, ...}: the current search, who began it, and the cars that were published at another
-- price and are not matched at it yet; or false.
if not standing_epoch() or redis.call('EXISTS', UNMATCHED) == 0 then return false end
local found = redis.call('HMGET', SEARCH, 'search_id', 'by')
for _, item in ipairs(redis.call('HGETALL', UNMATCHED)) do found[#found + 1] = item end
return found
