-- Precedes every script of a channel: the keys, the epoch and the only way to append an event.
--
-- All keys share the channel's hash tag, so that no script touches two slots. In order:
--   meta (hash: epoch, seq, no, bytes), log (stream), sizes (list: bytes of each logged event),
--   search (hash), matches (hash: chunk -> columns), offers (hash: chunk -> columns, an object, or the ids of its cars, an
--   array, if the chunk was given up), jobs (hash: chunk -> the job of a pending or given-up chunk),
--   due (sorted set: pending chunk, by the time when its job was last queued),
--   told (hash: car that changed since it was matched -> the rev:no that was published last; on a wall: deal -> the no,
--   time and digest of the summary that was published last),
--   changes (hash: car -> the fields that were published since it was matched),
--   unmatched (hash: car that was published at another price and is not matched at it yet -> the published rev),
--   revs (hash: car -> the rev at which it was matched; '' -> the search and how many of its chunks are indexed here),
--   op (the answer of an op; only for a script that takes one).
-- The first arguments are always: bell, nonce, most events, most bytes, milliseconds to live.

local META, LOG, SIZES, SEARCH, MATCHES, OFFERS, JOBS, DUE, TOLD, CHANGES, UNMATCHED, REVS, OP = unpack(KEYS)
local LASTING_KEYS = 12
local BELL, NONCE = ARGV[1], ARGV[2]
local MAX_EVENTS, MAX_BYTES, TTL_MS = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])

-- The id of Redis's history is part of the epoch: a log that an older run left (such as an RDB without the last events)
-- or that a replica had when it was promoted is not continued, because a seq would be given twice. A server gets a new
-- id when it starts and whenever it becomes a master; its run id would stay the same if it became one again.
local function history()
    return string.match(redis.call('INFO', 'replication'), 'master_replid:(%x+)')
end

-- Returns the current epoch, or false if there is none or its log is lost.
local function standing_epoch()
    local meta = redis.call('HMGET', META, 'epoch', 'seq')
    local epoch, seq = meta[1], meta[2]
    if not epoch or not seq then return false end
    local own = history()
    if string.sub(epoch, 1, #own) ~= own then return false end
    if seq ~= '0' and redis.call('EXISTS', LOG) == 0 then return false end
    return epoch
end

-- Returns the milliseconds of Redis's clock, which times leases and pending chunks: the same for every process.
local function now_ms()
    local now = redis.call('TIME')
    return tonumber(now[1]) * 1000 + math.floor(tonumber(now[2]) / 1000)
end

-- The same with microseconds, for traces.
local function exact_ms()
    local now = redis.call('TIME')
    return tonumber(now[1]) * 1000 + tonumber(now[2]) / 1000
end

local function whole(number)
    return string.format('%.0f', number)
end

-- Every key gets the same deadline: none may outlive the log that it belongs to.
local function keep_alive()
    local deadline = whole(now_ms() + TTL_MS)
    for index = 1, LASTING_KEYS do
        redis.call('PEXPIREAT', KEYS[index], deadline)
    end
end

-- Returns the epoch. If there is none, begins one and rings the bell with seq 0.
local function open_epoch()
    local epoch = standing_epoch()
    if epoch then return epoch end
    redis.call('DEL', META, LOG, SIZES, SEARCH, MATCHES, OFFERS, JOBS, DUE, TOLD, CHANGES, UNMATCHED, REVS)
    epoch = history() .. '-' .. NONCE
    redis.call('HSET', META, 'epoch', epoch, 'seq', 0, 'bytes', 0)
    keep_alive()
    redis.call('PUBLISH', BELL, epoch .. ' 0 0 ')
    return epoch
end

-- Appends one event, drops the oldest ones beyond the bounds, and rings the bell. State that belongs to the event is
-- written before it, so that its deadline is extended too. Only a decision has a no.
local function append(epoch, body, no)
    local seq = redis.call('HINCRBY', META, 'seq', 1)
    if no then
        redis.call('XADD', LOG, whole(seq) .. '-0', 'e', body, 'n', whole(no))
    else
        redis.call('XADD', LOG, whole(seq) .. '-0', 'e', body)
    end
    local events = redis.call('RPUSH', SIZES, #body)
    local bytes = redis.call('HINCRBY', META, 'bytes', #body)
    local kept = events
    while kept > MAX_EVENTS or (bytes > MAX_BYTES and kept > 1) do
        bytes = redis.call('HINCRBY', META, 'bytes', -tonumber(redis.call('LPOP', SIZES)))
        kept = kept - 1
    end
    if kept < events then
        redis.call('XTRIM', LOG, 'MINID', '=', whole(seq - kept + 1) .. '-0')
    end
    keep_alive()
    redis.call('PUBLISH', BELL, string.format('%s %.0f %.0f %s', epoch, seq, no or 0, body))
end

-- Returns the answer that the op of this call got in this epoch, or false; and whether another command got it. The last
-- argument of a script that takes an op is a digest of the person and the command; an older release stored none.
local function answered(epoch)
    local known = redis.call('GET', OP)
    if not known or string.sub(known, 1, #epoch + 1) ~= epoch .. ' ' then return false, false end
    known = string.sub(known, #epoch + 2)
    local asked, answer = string.match(known, '^#(%S*) (.*)$')
    return answer or known, asked ~= nil and asked ~= ARGV[#ARGV]
end

local function remember(epoch, answer)
    redis.call('SET', OP, epoch .. ' #' .. ARGV[#ARGV] .. ' ' .. answer, 'PX', TTL_MS)
end

-- Late chunks hold cars that were repriced after they had been matched. They count only as pending.
local FIRST_LATE = FIRST_LATE_CHUNK

-- Adds the cars of a chunk to the index. Columns begin with ids and revs.
local function add_to_index(columns)
    local ids, revs = string.match(columns, '^{"vehicle_id":%[([^%]]*)%],"rev":%[([^%]]*)%]')
    if not ids then return end
    local next_rev, fields = string.gmatch(revs, '%d+'), {}
    for id in string.gmatch(ids, '"([^"]*)"') do
        fields[#fields + 1] = id
        fields[#fields + 1] = next_rev()
        if #fields == 1000 then
            redis.call('HSET', REVS, unpack(fields))
            fields = {}
        end
    end
    if #fields > 0 then redis.call('HSET', REVS, unpack(fields)) end
end

local function index_mark(search_id, chunks)
    return search_id .. ' ' .. chunks
end

-- Adds the chunk that was just stored to the index, if there is one with all chunks before it.
local function index_chunk(search_id, columns)
    local chunks = redis.call('HLEN', MATCHES)
    if redis.call('HGET', REVS, '') ~= index_mark(search_id, chunks - 1) then return end
    add_to_index(columns)
    redis.call('HSET', REVS, '', index_mark(search_id, chunks))
end

-- Forgets what was told of cars that a chunk shows at an older rev, so that it is told again: whoever reads the chunk has
-- dropped what came before it. Few cars were told of while a search begins, mostly none.
local function untell_older(columns)
    if redis.call('EXISTS', TOLD) == 0 then return end
    local ids, revs = string.match(columns, '^{"vehicle_id":(%b[]),"rev":(%b[])')
    if not ids then return end
    revs = cjson.decode(revs)
    for index, id in ipairs(cjson.decode(ids)) do
        local told = redis.call('HGET', TOLD, id)
        if told and tonumber(string.match(told, '^%d+')) > tonumber(revs[index]) then redis.call('HDEL', TOLD, id) end
    end
end

-- Builds the index if it lacks chunks. Most searches end before a car of theirs changes, so the first change builds it.
local function complete_index()
    local mark = index_mark(redis.call('HGET', SEARCH, 'search_id') or '', redis.call('HLEN', MATCHES))
    if mark == ' 0' or redis.call('HGET', REVS, '') == mark then return end
    redis.call('DEL', REVS)
    for _, columns in ipairs(redis.call('HVALS', MATCHES)) do add_to_index(columns) end
    redis.call('HSET', REVS, '', mark)
    keep_alive()
end

-- Returns the 'rev:no' of a car that was last published on the channel, when it changed or else when it was matched; or
-- false. The index must be complete.
local function shown_as(id)
    local told = redis.call('HGET', TOLD, id)
    if told then return told end
    local rev = redis.call('HGET', REVS, id)
    return rev and rev .. ':0'
end

-- Returns the identifiers of jobs of the current search: {search_id, their lane, chunk, ...}.
local function jobs_of(chunks)
    local state = redis.call('HMGET', SEARCH, 'search_id', 'lane')
    return { state[1] or '', state[2] or '', unpack(chunks) }
end

-- Removes a car that was processed at this rev from those that wait to be matched; returns whether it waited.
local function take_unmatched(id, rev)
    local told = redis.call('HGET', UNMATCHED, id)
    return told and tonumber(told) <= tonumber(rev) and redis.call('HDEL', UNMATCHED, id) == 1
end

local function is_search(search_id)
    return redis.call('HGET', SEARCH, 'search_id') == search_id
end

-- Returns whether this owner may continue the search: it runs, and no other process has taken it over.
local function is_running_by(search_id, owner)
    local state = redis.call('HMGET', SEARCH, 'search_id', 'ended', 'owner')
    return state[1] == search_id and state[2] == '' and state[3] == owner
end

-- A lease of 0 ms expires at once, which releases the search.
local function take_lease(owner, lease_ms)
    redis.call('HSET', SEARCH, 'owner', owner, 'lease_until', whole(now_ms() + tonumber(lease_ms)))
end

-- Returns whether the search runs and its owner's lease has expired.
local function has_lapsed()
    local state = redis.call('HMGET', SEARCH, 'ended', 'lease_until')
    return state[1] == '' and tonumber(state[2] or 0) <= now_ms()
end

-- Returns the search as {field, value, ...}, with 'lapsed' 1 or 0, and 'age', the milliseconds since its command arrived.
local function search_fields()
    local fields = redis.call('HGETALL', SEARCH)
    fields[#fields + 1] = 'lapsed'
    fields[#fields + 1] = has_lapsed() and '1' or '0'
    local now = exact_ms()
    fields[#fields + 1] = 'age'
    fields[#fields + 1] = string.format('%.3f', now - tonumber(redis.call('HGET', SEARCH, 'origin') or now))
    return fields
end

-- Returns search_ended of the stored search, with its stored counts. The prefix is the event's JSON up to, not including,
-- its search_id.
local function ended_body(prefix, reason, next_token, trace, spans)
    local state = redis.call('HMGET', SEARCH, 'search_id', 'scanned', 'matched', 'chunks', 'rejected')
    return string.format('%s,"search_id":%s,"reason":%s,"scanned":%s,"matched":%s,"chunks":%s,"next":%s,"rejected":%s,"trace":%s,"spans":%s}',
        prefix, cjson.encode(state[1]), cjson.encode(reason), state[2], state[3], state[4],
        next_token == '' and 'null' or cjson.encode(next_token), state[5], trace, spans)
end
