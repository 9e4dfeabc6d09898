-- Precedes every script of the queue: the keys, and how jobs move from the waiting room onto the stream.
--
-- All keys share one hash tag, so that no script touches two slots. In order:
--   jobs (stream: the few jobs that workers may take next, and those that they hold), dead (stream),
--   bodies (hash: number of a waiting job -> its pointer; an older release put the whole job here and on the stream),
--   line (sorted set without scores: 'class|store|person|number' of each waiting job, in byte order),
--   stores, people (sorted sets: 'class|store' and 'class|store|person' of waiting jobs -> the number of their last turn),
--   arrived (sorted set: a job's number, or its id once it is on the stream -> the time when it was added),
--   counts (hash: numbers and turns given so far, and how many urgent jobs were moved in a row).
-- The first argument is always the consumer group.

local JOBS, DEAD, BODIES, LINE, STORES, PEOPLE, ARRIVED, COUNTS = unpack(KEYS)
local GROUP = ARGV[1]
local URGENT, BULK = 'u', 'v'
local URGENT_IN_A_ROW = 4
local LEAST_READY = 2
-- A worker contacts Redis at least once a second: it waits no longer than that for a job, and renews the lease of one.
local ALIVE_MS = 10000

local function now_ms()
    local now = redis.call('TIME')
    return tonumber(now[1]) * 1000 + math.floor(tonumber(now[2]) / 1000)
end

local function whole(number)
    return string.format('%.0f', number)
end

-- Returns how many waiting jobs have this prefix.
local function waiting(prefix)
    return redis.call('ZLEXCOUNT', LINE, '[' .. prefix, '(' .. prefix .. '\255')
end

local function waiting_of(lane)
    return waiting(URGENT .. '|' .. lane .. '|') + waiting(BULK .. '|' .. lane .. '|')
end

-- Returns how many jobs may be on the stream without being taken: each live worker finds one when it is done, and no more
-- than those are ahead of a person who comes now.
local function most_ready()
    local consumers, alive = redis.pcall('XINFO', 'CONSUMERS', JOBS, GROUP), 0
    if consumers.err then return LEAST_READY end
    for _, consumer in ipairs(consumers) do
        for index = 1, #consumer, 2 do
            if consumer[index] == 'idle' and consumer[index + 1] < ALIVE_MS then alive = alive + 1 end
        end
    end
    return math.max(LEAST_READY, alive)
end

local function ready()
    local held = redis.pcall('XPENDING', JOBS, GROUP)
    return redis.call('XLEN', JOBS) - (held.err and 0 or held[1])
end

-- Returns the member of a sorted set with this prefix whose last turn was longest ago, or nil.
local function next_of(key, prefix)
    for _, name in ipairs(redis.call('ZRANGE', key, 0, -1)) do
        if string.sub(name, 1, #prefix) == prefix then return name end
    end
end

-- Moves a name behind all others after its turn, or removes it if it has no waiting jobs.
local function has_had_turn(key, name)
    if waiting(name .. '|') == 0 then
        redis.call('ZREM', key, name)
    else
        redis.call('ZADD', key, redis.call('HINCRBY', COUNTS, 'turns', 1), name)
    end
end

-- Returns the store whose turn it is. Urgent jobs go first, but only URGENT_IN_A_ROW in a row if others wait.
local function next_store()
    local urgent, bulk = next_of(STORES, URGENT .. '|'), next_of(STORES, BULK .. '|')
    if urgent and bulk then
        if redis.call('HINCRBY', COUNTS, 'urgent', 1) <= URGENT_IN_A_ROW then return urgent end
    end
    redis.call('HSET', COUNTS, 'urgent', 0)
    return bulk or urgent
end

-- Moves the job whose turn it is onto the stream; returns whether there was one.
local function move()
    local store = next_store()
    if not store then return false end
    local person = next_of(PEOPLE, store .. '|')
    local place = redis.call('ZRANGEBYLEX', LINE, '[' .. person .. '|', '(' .. person .. '|\255', 'LIMIT', 0, 1)[1]
    local number = string.sub(place, #person + 2)
    local body, came = redis.call('HGET', BODIES, number), redis.call('ZSCORE', ARRIVED, number)
    redis.call('ZREM', LINE, place)
    redis.call('HDEL', BODIES, number)
    redis.call('ZREM', ARRIVED, number)
    has_had_turn(STORES, store)
    has_had_turn(PEOPLE, person)
    local id = redis.call('XADD', JOBS, '*', 'job', body)
    redis.call('ZADD', ARRIVED, came, id)
    return true
end

local function refill()
    if redis.call('HLEN', BODIES) == 0 then return end
    local room = most_ready() - ready()
    while room > 0 and move() do room = room - 1 end
end
