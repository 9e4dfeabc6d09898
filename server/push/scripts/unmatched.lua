-- Returns {id, rev, ...}: cars that were told at another price and are not matched at it yet.
if not standing_epoch() then return {} end
return redis.call('HGETALL', UNMATCHED)
