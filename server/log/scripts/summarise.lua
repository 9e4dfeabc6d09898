-- Publishes a deal's summary on its store's wall: each state once, with a minimum time between two summaries of a deal.
-- Arguments: deal_id, last no, digest, event, that time in milliseconds.
-- Returns 0 if nothing is left to do, else the milliseconds to wait.
local id, no, digest = ARGV[6], tonumber(ARGV[7]), ARGV[8]
local epoch = open_epoch()
local known = redis.call('HGET', TOLD, id)
if known then
    local old_no, old_ms, old_digest = string.match(known, '^(%d+):(%d+):(.*)$')
    if no < tonumber(old_no) or old_digest == digest then return 0 end
    local wait = tonumber(old_ms) + tonumber(ARGV[10]) - now_ms()
    if wait > 0 then return wait end
end
redis.call('HSET', TOLD, id, string.format('%s:%s:%s', whole(no), whole(now_ms()), digest))
append(epoch, ARGV[9])
return 0
