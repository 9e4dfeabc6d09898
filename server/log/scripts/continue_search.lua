-- Arguments: search_id, token, owner, lease, milliseconds since the command arrived, the digest of the command. Returns 'published', 'repeated', 'superseded',
-- 'used' for a token that is not the search's next one, or 'taken' for an op of another command.
local search_id, token = ARGV[6], ARGV[7]
local epoch = open_epoch()
local first, taken = answered(epoch)
if first then return taken and 'taken' or 'repeated' end
if not is_search(search_id) then return 'superseded' end
local state = redis.call('HMGET', SEARCH, 'ended', 'next', 'matched')
if state[1] == '' or state[2] == '' or state[2] ~= token then return 'used' end
keep_trace()
redis.call('HDEL', SEARCH, unpack(PAGE_TRACE))
redis.call('HSET', SEARCH, 'ended', '', 'next', '', 'announced', 0, 'base', state[3], 'trace', '{}', 'origin',
    origin_of(ARGV[10]))
take_lease(ARGV[8], ARGV[9])
remember(epoch, search_id)
keep_alive()
return 'published'
