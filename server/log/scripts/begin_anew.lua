-- Ends an epoch that tells of decisions which are no more: Postgres has gone back to an older state.
-- Arguments: epoch. Returns 1 where this call ended it, else 0.
if standing_epoch() ~= ARGV[6] then return 0 end
redis.call('DEL', META)
open_epoch()
return 1
