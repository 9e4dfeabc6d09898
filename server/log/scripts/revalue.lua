-- Makes the given-up chunks that hold one of these cars pending again.
-- Arguments: ids of cars (an array), the digest of the command. Returns their jobs as in jobs_of; for a repeated op, those
-- that are still pending; 'taken' for an op of another command.
local epoch = open_epoch()
local search_id = redis.call('HGET', SEARCH, 'search_id') or ''
local chunks = {}
local first, taken = answered(epoch)
if taken then return 'taken' end
if first then
    if string.sub(first, 1, #search_id + 1) == search_id .. ' ' then
        for chunk in string.gmatch(string.sub(first, #search_id + 1), '%d+') do
            if redis.call('ZSCORE', DUE, chunk) then chunks[#chunks + 1] = chunk end
        end
    end
else
    local wanted = {}
    for _, car in ipairs(cjson.decode(ARGV[6])) do wanted[car] = true end
    for _, chunk in ipairs(redis.call('HKEYS', JOBS)) do
        -- A chunk that has a job is pending or was given up.
        local cars, asked = cjson.decode(redis.call('HGET', OFFERS, chunk) or '[]'), false
        for _, car in ipairs(cars) do asked = asked or wanted[car] end
        if asked then
            chunks[#chunks + 1] = chunk
            redis.call('HDEL', OFFERS, chunk)
            redis.call('ZADD', DUE, whole(now_ms()), chunk)
            redis.call('HINCRBY', SEARCH, 'pending', 1)
            if tonumber(chunk) < FIRST_LATE then redis.call('HINCRBY', SEARCH, 'failed', -#cars) end
        end
    end
    if #chunks > 0 then redis.call('HSET', SEARCH, 'announced', 0) end
    remember(epoch, search_id .. ' ' .. table.concat(chunks, ' '))
    keep_alive()
end
table.sort(chunks, function(one, other) return tonumber(one) < tonumber(other) end)
return jobs_of(chunks)
