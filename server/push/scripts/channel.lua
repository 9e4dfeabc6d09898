-- Stands before every script of a channel: the keys, the epoch and the one way to append an event.
--
-- All keys share the channel's hash tag, so that no script touches two slots. In order:
--   meta (hash: epoch, seq, no, bytes), log (stream), sizes (list: bytes of each logged event),
--   search (hash), matches and offers (hashes: chunk -> columns), op (what an op answered; only where a script takes one).
-- The first arguments are always: bell, nonce, most events, most bytes, milliseconds to live.

local META, LOG, SIZES, SEARCH, MATCHES, OFFERS, OP = unpack(KEYS)
local BELL, NONCE = ARGV[1], ARGV[2]
local MAX_EVENTS, MAX_BYTES, TTL_MS = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])

-- The run id is part of the epoch: whatever an older Redis run left behind (an RDB that lacks the last events) is
-- not continued, because its seq would be given a second time.
local function run_id()
    return string.match(redis.call('INFO', 'server'), 'run_id:(%x+)')
end

-- Returns the epoch that stands, or false.
local function standing_epoch()
    local meta = redis.call('HMGET', META, 'epoch', 'seq')
    local epoch, seq = meta[1], meta[2]
    if not epoch or not seq then return false end
    local run = run_id()
    if string.sub(epoch, 1, #run) ~= run then return false end
    if seq ~= '0' and redis.call('EXISTS', LOG) == 0 then return false end
    return epoch
end

-- Every key gets the same deadline: none may outlive the log that explains it.
local function keep_alive()
    local now = redis.call('TIME')
    local deadline = string.format('%.0f', tonumber(now[1]) * 1000 + math.floor(tonumber(now[2]) / 1000) + TTL_MS)
    for index = 1, 6 do
        redis.call('PEXPIREAT', KEYS[index], deadline)
    end
end

-- Returns the epoch; where none stands, begins one and rings the bell with seq 0.
local function open_epoch()
    local epoch = standing_epoch()
    if epoch then return epoch end
    redis.call('DEL', META, LOG, SIZES, SEARCH, MATCHES, OFFERS)
    epoch = run_id() .. '-' .. NONCE
    redis.call('HSET', META, 'epoch', epoch, 'seq', 0, 'bytes', 0)
    keep_alive()
    redis.call('PUBLISH', BELL, epoch .. ' 0 ')
    return epoch
end

-- Appends one event, drops the oldest beyond the bounds, rings the bell. State that belongs to the event is written
-- before, so that its deadline moves along.
local function append(epoch, body)
    local seq = redis.call('HINCRBY', META, 'seq', 1)
    redis.call('XADD', LOG, string.format('%.0f-0', seq), 'e', body)
    local events = redis.call('RPUSH', SIZES, #body)
    local bytes = redis.call('HINCRBY', META, 'bytes', #body)
    local kept = events
    while kept > MAX_EVENTS or (bytes > MAX_BYTES and kept > 1) do
        bytes = redis.call('HINCRBY', META, 'bytes', -tonumber(redis.call('LPOP', SIZES)))
        kept = kept - 1
    end
    if kept < events then
        redis.call('XTRIM', LOG, 'MINID', '=', string.format('%.0f-0', seq - kept + 1))
    end
    keep_alive()
    redis.call('PUBLISH', BELL, string.format('%s %.0f %s', epoch, seq, body))
end

-- Returns what the op of this call answered in this epoch, or false.
local function answered(epoch)
    local known = redis.call('GET', OP)
    if known and string.sub(known, 1, #epoch + 1) == epoch .. ' ' then
        return string.sub(known, #epoch + 2)
    end
    return false
end

local function remember(epoch, answer)
    redis.call('SET', OP, epoch .. ' ' .. answer, 'PX', TTL_MS)
end

local function is_search(search_id)
    return redis.call('HGET', SEARCH, 'search_id') == search_id
end

-- Publishes search_valued once per page: when the search has ended and no chunk is pending. The prefix is the
-- event's JSON up to, not including, its counts.
local function announce_valued(epoch, prefix)
    local state = redis.call('HMGET', SEARCH, 'ended', 'pending', 'announced', 'valued', 'failed')
    if state[1] == '' or state[2] ~= '0' or state[3] == '1' then return end
    redis.call('HSET', SEARCH, 'announced', 1)
    local fields, sums = redis.call('HGETALL', SEARCH), {}
    for index = 1, #fields, 2 do
        local stage = string.match(fields[index], '^sum:(.+)$')
        if stage then
            sums[#sums + 1] = cjson.encode(stage) .. ':' .. string.format('%.3f', tonumber(fields[index + 1]))
        end
    end
    append(epoch, string.format('%s,"offers":%s,"failed":%s,"trace":{%s}}', prefix, state[4], state[5],
        table.concat(sums, ',')))
end
