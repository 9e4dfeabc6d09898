-- Returns {id, fields, ...}: what was published about cars since they were matched.
if not standing_epoch() then return {} end
return redis.call('HGETALL', CHANGES)
