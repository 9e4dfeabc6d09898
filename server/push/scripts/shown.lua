-- Arguments: ids of cars; none for all. Returns {id, rev:no, ...} of those that the channel's screens show.
if not standing_epoch() then return {} end
if #ARGV == 5 then return redis.call('HGETALL', CARS) end
local found = {}
for index = 6, #ARGV do
    local known = redis.call('HGET', CARS, ARGV[index])
    if known then
        found[#found + 1] = ARGV[index]
        found[#found + 1] = known
    end
end
return found
