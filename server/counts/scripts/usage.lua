-- Counts the units that the people of a store used, in windows that begin at multiples of their length by Redis's clock.
-- Windows with even numbers use one key, those with odd numbers the other; the field '' holds the window's number.
-- Arguments: a window's milliseconds, then pairs of person and units. Returns {milliseconds since this window began, this
-- window, the one before}, each window as {person, units, ...}.
local now = redis.call('TIME')
local window = tonumber(ARGV[1])
local ms = tonumber(now[1]) * 1000 + math.floor(tonumber(now[2]) / 1000)
local number = math.floor(ms / window)
local running, before = KEYS[number % 2 + 1], KEYS[(number + 1) % 2 + 1]

local function is_of(key, wanted)
    return redis.call('HGET', key, '') == string.format('%.0f', wanted)
end

if not is_of(running, number) then
    redis.call('DEL', running)
    redis.call('HSET', running, '', string.format('%.0f', number))
    redis.call('PEXPIRE', running, 2 * window)
end
for index = 2, #ARGV, 2 do redis.call('HINCRBY', running, ARGV[index], ARGV[index + 1]) end
local earlier = is_of(before, number - 1) and redis.call('HGETALL', before) or {}
return { ms % window, redis.call('HGETALL', running), earlier }
