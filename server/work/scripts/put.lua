-- Adds a job. Arguments: its pointer, class, store, person, most jobs, most waiting jobs of a store, most of a person.
-- Returns 1, or 0 if there is no room.
local job, class, store, person = ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local lane = store .. '|' .. person
local wait = redis.call('HLEN', BODIES)
if redis.call('XLEN', JOBS) + wait >= tonumber(ARGV[6]) then return 0 end
if wait == 0 and ready() < most_ready() then
    redis.call('XADD', JOBS, '*', 'job', job)
    return 1
end
if waiting_of(store) >= tonumber(ARGV[7]) or waiting_of(lane) >= tonumber(ARGV[8]) then return 0 end
local number = string.format('%016d', redis.call('HINCRBY', COUNTS, 'numbers', 1))
local turn = redis.call('HINCRBY', COUNTS, 'turns', 1)
redis.call('HSET', BODIES, number, job)
redis.call('ZADD', LINE, 0, class .. '|' .. lane .. '|' .. number)
redis.call('ZADD', ARRIVED, whole(now_ms()), number)
-- A store or person that already waits keeps its place.
redis.call('ZADD', STORES, 'NX', turn, class .. '|' .. store)
redis.call('ZADD', PEOPLE, 'NX', turn, class .. '|' .. lane)
refill()
return 1
