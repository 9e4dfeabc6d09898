-- Arguments: ids of cars; none for all. Returns {changed, matched}: {id, rev:no, ...} of the cars that were published since
-- they were matched, and {id, rev, ...} as the cars were matched.
if not standing_epoch() then return { {}, {} } end
complete_index()
if #ARGV == 5 then return { redis.call('HGETALL', TOLD), redis.call('HGETALL', REVS) } end

local function found_in(key)
    local found = {}
    for first = 6, #ARGV, 1000 do
        local last = math.min(first + 999, #ARGV)
        for index, value in ipairs(redis.call('HMGET', key, unpack(ARGV, first, last))) do
            if value then
                found[#found + 1] = ARGV[first + index - 1]
                found[#found + 1] = value
            end
        end
    end
    return found
end

return { found_in(TOLD), found_in(REVS) }
