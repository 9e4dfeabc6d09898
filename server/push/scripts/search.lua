-- Returns the current search as {field, value, ...}, or false.
if not standing_epoch() then return false end
local fields = redis.call('HGETALL', SEARCH)
return #fields > 0 and fields
