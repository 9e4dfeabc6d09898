-- Publishes decisions in order. Arguments: no of the first, then the events of it and of those that follow it.
-- Returns {outcome, last no}; the last no is -1 where the epoch has no base yet.
local first = tonumber(ARGV[6])
local epoch = open_epoch()
local last = tonumber(redis.call('HGET', META, 'no') or -1)
if last == -1 or first > last + 1 then return { 'missing', last } end
local outcome = 'repeated'
for index = 7, #ARGV do
    local no = first + index - 7
    if no > last then
        redis.call('HSET', META, 'no', no)
        append(epoch, ARGV[index], no)
        last, outcome = no, 'published'
    end
end
return { outcome, last }
