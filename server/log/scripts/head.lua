-- Returns {epoch, seq, no or false}.
local epoch = open_epoch()
local meta = redis.call('HMGET', META, 'seq', 'no')
return { epoch, tonumber(meta[1]), meta[2] and tonumber(meta[2]) }
