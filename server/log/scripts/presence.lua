-- Stands alone. Keys: what each process says (hash), until when it holds (hash), both of one channel.
-- Arguments: bell, process, what it says ('' for nobody), milliseconds for which that holds.
-- Returns what all processes say as a JSON array; rings the bell with it, under seq -1, where it has changed.
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
