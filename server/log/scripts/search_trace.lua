-- Follows channel.lua in the scripts of a search's beginning, its end and its values: each call of a script makes all of its
-- functions anew, and no other script needs these.

-- Returns when a command arrived, by Redis's clock, so many milliseconds ago.
local function origin_of(age_ms)
    return string.format('%.3f', exact_ms() - tonumber(age_ms))
end

-- Keeps the trace of the page that another one follows, in META: its own key would cost every event of the channel a call.
local function keep_trace()
    local record = redis.call('HMGET', SEARCH, unpack(TRACED))
    if not record[1] then return end
    for index = 1, #TRACED do record[index] = record[index] or '' end
    if record[ENDED_FIELD] == '' then record[ENDED_FIELD] = 'superseded' end
    local stored = redis.call('HMGET', META, 'traces', 'traced')
    local kept, lines = stored[1] or '', tonumber(stored[2] or 0)
    -- The latest search keeps its own.
    if lines < KEPT_TRACES - 1 then lines = lines + 1 else kept = string.sub(kept, string.find(kept, '\n', 1, true) + 1) end
    redis.call('HSET', META, 'traces', kept .. cjson.encode(record) .. '\n', 'traced', lines)
end

-- Returns the trace of the chunks that were valued since the last call: {sums, spans}, the inside of JSON, and forgets them.
local function take_worked()
    local fields, origin, chunks, order, stages = redis.call('HGETALL', SEARCH), nil, {}, {}, {}
    for index = 1, #fields, 2 do
        if fields[index] == 'origin' then origin = tonumber(fields[index + 1]) end
        if string.sub(fields[index], 1, 2) == 't:' then
            chunks[#chunks + 1] = fields[index]
            for name, ms, ended in string.gmatch(fields[index + 1], '(%S+) (%S+) (%S+)') do
                local stage = stages[name]
                if not stage then
                    stage = { sum = 0, from = math.huge, to = 0, count = 0 }
                    stages[name] = stage
                    order[#order + 1] = name
                end
                ms, ended = tonumber(ms), tonumber(ended)
                stage.sum, stage.count = stage.sum + ms, stage.count + 1
                stage.from, stage.to = math.min(stage.from, ended - ms), math.max(stage.to, ended)
            end
        end
    end
    if #chunks > 0 then redis.call('HDEL', SEARCH, unpack(chunks)) end
    table.sort(order, function(one, other) return stages[one].from < stages[other].from end)
    local sums, spans = {}, {}
    for _, name in ipairs(order) do
        local stage = stages[name]
        sums[#sums + 1] = string.format('%s:%.3f', cjson.encode(name), stage.sum)
        if origin then
            spans[#spans + 1] = string.format('{"name":%s,"start_ms":%.3f,"end_ms":%.3f,"count":%d}', cjson.encode(name),
                math.max(0, stage.from - origin), math.max(0, stage.to - origin), stage.count)
        end
    end
    return { table.concat(sums, ','), table.concat(spans, ',') }
end

-- Publishes search_valued once per page, when the search has ended and no chunk is pending. The prefix is the event's
-- JSON up to, not including, its counts.
local function announce_valued(epoch, prefix)
    local state = redis.call('HMGET', SEARCH, 'ended', 'pending', 'announced', 'valued', 'failed')
    if state[1] == '' or state[2] ~= '0' or state[3] == '1' then return end
    local worked = take_worked()
    redis.call('HSET', SEARCH, 'announced', 1, 'valued_trace', '{' .. worked[1] .. '}', 'valued_spans', '[' .. worked[2] .. ']')
    append(epoch, string.format('%s,"offers":%s,"failed":%s,"trace":{%s},"spans":[%s]}', prefix, state[4], state[5],
        worked[1], worked[2]))
end
