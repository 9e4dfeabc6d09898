-- Runs without channel.lua. Keys: the report of each process (hash), its expiry (hash), both of one channel.
-- Arguments: bell, process, its report ('' if nobody is here), milliseconds for which it is valid.
-- Returns the reports of all processes as a JSON array; if they have changed, rings the bell with them under seq -1.
local HERE, UNTIL = KEYS[1], KEYS[2]
local process, said = ARGV[2], ARGV[3]
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local changed = false
local function drop(name)
    redis.call('HDEL', UNTIL, name)
    if redis.call('HDEL', HERE, name) == 1 then changed = true end
end
if said == '' then
    drop(process)
else
    if redis.call('HGET', HERE, process) ~= said then changed = true end
    redis.call('HSET', HERE, process, said)
    redis.call('HSET', UNTIL, process, string.format('%.0f', now + tonumber(ARGV[4])))
end
local deadlines = redis.call('HGETALL', UNTIL)
for index = 1, #deadlines, 2 do
    if tonumber(deadlines[index + 1]) <= now then drop(deadlines[index]) end
end
redis.call('PEXPIRE', HERE, ARGV[4])
redis.call('PEXPIRE', UNTIL, ARGV[4])
local all = '[' .. table.concat(redis.call('HVALS', HERE), ',') .. ']'
if changed then redis.call('PUBLISH', ARGV[1], 'here -1 0 ' .. all) end
return all
