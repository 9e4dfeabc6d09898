-- Ends an epoch that contains decisions which no longer exist: Postgres was restored to an older state.
-- Arguments: epoch. Returns 1 if this call ended it, else 0.
if standing_epoch() ~= ARGV[6] then return 0 end
redis.call('DEL', META)
open_epoch()
return 1
