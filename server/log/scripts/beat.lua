-- The heartbeat of a process that watches the channel.
-- Arguments: milliseconds after which a pending chunk is overdue, the time before which its job must have been queued
-- to count as lost, most chunks.
-- Returns {epoch, seq, the search whose owner is gone or '', 1 if repriced cars have waited that long to be matched, 1 if
-- the search has waited that long to be repeated, the jobs of overdue chunks as in jobs_of}, or false without an epoch.
-- The waiting time of what is returned begins again, so that only one of the processes that ask gets it.
local epoch = standing_epoch()
if not epoch then return false end
local reply = { epoch, tonumber(redis.call('HGET', META, 'seq')), '', 0, 0 }
if has_lapsed() then reply[3] = redis.call('HGET', SEARCH, 'search_id') end
local now = now_ms()
local unmatched_at = tonumber(redis.call('HGET', SEARCH, 'unmatched_at') or now)
if now - unmatched_at >= tonumber(ARGV[6]) and redis.call('EXISTS', UNMATCHED) == 1 then
    redis.call('HSET', SEARCH, 'unmatched_at', whole(now))
    reply[4] = 1
end
local outdated_at = tonumber(redis.call('HGET', SEARCH, 'outdated_at') or now)
if now - outdated_at >= tonumber(ARGV[6]) and redis.call('HEXISTS', SEARCH, 'outdated_at') == 1 then
    redis.call('HSET', SEARCH, 'outdated_at', whole(now))
    reply[5] = 1
end
local before = whole(math.min(now - tonumber(ARGV[6]), tonumber(ARGV[7])))
local overdue = redis.call('ZRANGEBYSCORE', DUE, '-inf', before, 'LIMIT', 0, ARGV[8])
for _, chunk in ipairs(overdue) do redis.call('ZADD', DUE, whole(now), chunk) end
reply[#reply + 1] = jobs_of(overdue)
return reply
