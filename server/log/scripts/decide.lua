-- Publishes decisions in order. Arguments: no of the first, '1' where the channel's search was for other terms than the
-- deal has after them, then the events of the first and of those that follow it.
-- Returns {outcome, last no}; the last no is -1 where the epoch has no base yet.
local first = tonumber(ARGV[6])
local epoch = open_epoch()
local last = tonumber(redis.call('HGET', META, 'no') or -1)
if last == -1 or first > last + 1 then return { 'missing', last } end
local outcome = 'repeated'
for index = 8, #ARGV do
    local no = first + index - 8
    if no > last then
        redis.call('HSET', META, 'no', no)
        append(epoch, ARGV[index], no)
        last, outcome = no, 'published'
    end
end
-- Whoever published them repeats the search; where that fails, the heartbeat finds it after a while.
if outcome == 'published' and ARGV[7] == '1' and redis.call('HEXISTS', SEARCH, 'owner') == 1 then
    redis.call('HSET', SEARCH, 'outdated_at', whole(now_ms()))
end
return { outcome, last }
