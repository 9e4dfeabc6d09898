-- Returns the time when the oldest unsettled job was added (or an empty text), the time now, and each store with the
-- number of its waiting jobs; moves waiting jobs onto the stream if it has room.
-- An entry whose job neither waits nor is on the stream is removed: the job was lost.
refill()
local first = redis.call('XRANGE', JOBS, '-', '+', 'COUNT', 1)[1]
local oldest = first and tonumber(string.match(first[1], '^%d+'))
while true do
    local came = redis.call('ZRANGE', ARRIVED, 0, 0, 'WITHSCORES')
    if #came == 0 then break end
    local id = came[1]
    local stands = string.find(id, '-', 1, true) and #redis.call('XRANGE', JOBS, id, id) or redis.call('HEXISTS', BODIES, id)
    if stands == 1 then
        oldest = math.min(oldest or math.huge, tonumber(came[2]))
        break
    end
    redis.call('ZREM', ARRIVED, id)
end
local look = {oldest and whole(oldest) or '', whole(now_ms())}
local seen = {}
for _, name in ipairs(redis.call('ZRANGE', STORES, 0, -1)) do
    local store = string.sub(name, 3)
    if not seen[store] then
        seen[store] = true
        look[#look + 1] = store
        look[#look + 1] = waiting(URGENT .. '|' .. store .. '|') + waiting(BULK .. '|' .. store .. '|')
    end
end
return look
