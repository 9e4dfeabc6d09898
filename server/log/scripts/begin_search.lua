-- Arguments: search_id, event, filters, sort, limit, deal_version, by, search_ended of a superseded search up to, not
-- including, its search_id, owner, lease, the search that must be the current one ('' for any), the last decision that the
-- searched deal accounts for ('' if that need not be compared), and the digest of the command.
-- Returns {outcome, search_id}; the outcome is 'taken' for an op of another command, 'outdated' after a later decision.
local search_id, body, superseded, replaces = ARGV[6], ARGV[7], ARGV[13], ARGV[16]
local epoch = open_epoch()
local first, taken = answered(epoch)
if taken then return { 'taken', '' } end
if first then return { 'repeated', first } end
local older = redis.call('HMGET', SEARCH, 'search_id', 'ended', 'trace')
if replaces ~= '' and older[1] ~= replaces then return { 'superseded', older[1] or '' } end
if ARGV[17] ~= '' and tonumber(redis.call('HGET', META, 'no') or -1) > tonumber(ARGV[17]) then
    return { 'outdated', older[1] or '' }
end
if older[1] and older[2] == '' then
    append(epoch, ended_body(superseded, 'superseded', '', older[3]))
end
-- The data of a search is large: UNLINK frees it in another thread of Redis.
redis.call('UNLINK', SEARCH, MATCHES, OFFERS, JOBS, DUE, TOLD, CHANGES, UNMATCHED, REVS)
redis.call('HSET', SEARCH, 'search_id', search_id, 'filters', ARGV[8], 'sort', ARGV[9], 'limit', ARGV[10],
    'deal_version', ARGV[11], 'by', ARGV[12], 'scanned', 0, 'matched', 0, 'chunks', 0, 'pending', 0, 'valued', 0,
    'failed', 0, 'ended', '', 'next', '', 'announced', 0, 'rejected', '[]', 'trace', '{}', 'base', 0, 'place', '')
take_lease(ARGV[14], ARGV[15])
remember(epoch, search_id)
append(epoch, body)
return { 'published', search_id }
