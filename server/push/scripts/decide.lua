-- Arguments: no, event. Returns {outcome, last no}; the last no is -1 where the epoch has no base yet.
local no, body = tonumber(ARGV[6]), ARGV[7]
local epoch = open_epoch()
local last = tonumber(redis.call('HGET', META, 'no') or -1)
if last == -1 or no > last + 1 then return { 'missing', last } end
if no <= last then return { 'repeated', last } end
redis.call('HSET', META, 'no', no)
append(epoch, body)
return { 'published', no }
