-- What a process that watches the channel asks again and again.
-- Arguments: milliseconds after which a pending chunk is overdue, the latest time at which its job was handed to the
-- queue where it can be lost at all, most chunks.
-- Returns {epoch, seq, the search whose owner is gone or '', jobs of overdue chunks...}, or false without an epoch.
-- A chunk's time begins anew, so that of all who ask only one is given its job.
local epoch = standing_epoch()
if not epoch then return false end
local reply = { epoch, tonumber(redis.call('HGET', META, 'seq')), '' }
if has_lapsed() then reply[3] = redis.call('HGET', SEARCH, 'search_id') end
local now = now_ms()
local before = whole(math.min(now - tonumber(ARGV[6]), tonumber(ARGV[7])))
for _, chunk in ipairs(redis.call('ZRANGEBYSCORE', DUE, '-inf', before, 'LIMIT', 0, ARGV[8])) do
    redis.call('ZADD', DUE, whole(now), chunk)
    reply[#reply + 1] = redis.call('HGET', JOBS, chunk)
end
return reply
