-- Settles a pending chunk with its offers, or with its cars if it is given up: once for each chunk of a search.
-- Arguments: search_id, chunk, valued cars, failed cars, event up to its columns (the whole event if given up), columns (an
-- array of ids if given up), search_valued up to its counts, then triples: a stage, its milliseconds, and how many
-- milliseconds ago it ended.
-- Returns the outcome.
local search_id, chunk, prefix, columns = ARGV[6], ARGV[7], ARGV[10], ARGV[11]
local given_up = string.sub(columns, 1, 1) == '['
local epoch = open_epoch()
if not is_search(search_id) or redis.call('HEXISTS', MATCHES, chunk) == 0 then return 'superseded' end
if redis.call('HSETNX', OFFERS, chunk, columns) == 0 then return 'repeated' end
redis.call('HINCRBY', SEARCH, 'pending', -1)
if tonumber(chunk) < FIRST_LATE then
    redis.call('HINCRBY', SEARCH, 'valued', ARGV[8])
    redis.call('HINCRBY', SEARCH, 'failed', ARGV[9])
end
redis.call('ZREM', DUE, chunk)
-- A chunk that was given up keeps its job: someone may ask for its values again.
if not given_up then redis.call('HDEL', JOBS, chunk) end
if #ARGV > 12 and tonumber(chunk) < FIRST_LATE then
    local now, stages = exact_ms(), {}
    for index = 13, #ARGV, 3 do
        stages[#stages + 1] = string.format('%s %s %.3f', ARGV[index], ARGV[index + 1], now - tonumber(ARGV[index + 2]))
    end
    redis.call('HSET', SEARCH, 't:' .. chunk, table.concat(stages, ' '))
end
append(epoch, given_up and prefix or prefix .. columns .. '}')
announce_valued(epoch, ARGV[12])
return 'published'
