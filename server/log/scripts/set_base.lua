-- Arguments: epoch, no. Returns the last decision that this epoch accounts for, or false if the epoch has ended.
local epoch, no = ARGV[6], ARGV[7]
if standing_epoch() ~= epoch then return false end
redis.call('HSETNX', META, 'no', no)
return tonumber(redis.call('HGET', META, 'no'))
