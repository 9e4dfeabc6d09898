-- Publishes decisions in order. Arguments: no of the first, '1' if they put the channel's search out of date, then the
-- events of the decisions. Returns {outcome, last no}; the last no is -1 if the epoch has no base yet.
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
-- The process that published them repeats the search. If that fails, the heartbeat finds it later.
if outcome == 'published' and ARGV[7] == '1' and redis.call('HEXISTS', SEARCH, 'owner') == 1 then
    redis.call('HSET', SEARCH, 'outdated_at', whole(now_ms()))
end
return { outcome, last }
