-- Settles a pending chunk: with offers, or with empty columns where it is given up. Once for each chunk of a search.
-- Arguments: search_id, chunk, valued cars, failed cars, event up to its columns (whole where given up), columns,
-- search_valued up to its counts, then stage and milliseconds in turns. Returns the outcome.
local search_id, chunk, prefix, columns = ARGV[6], ARGV[7], ARGV[10], ARGV[11]
local epoch = open_epoch()
if not is_search(search_id) or redis.call('HEXISTS', MATCHES, chunk) == 0 then return 'superseded' end
if redis.call('HSETNX', OFFERS, chunk, columns) == 0 then return 'repeated' end
redis.call('HINCRBY', SEARCH, 'pending', -1)
redis.call('HINCRBY', SEARCH, 'valued', ARGV[8])
redis.call('HINCRBY', SEARCH, 'failed', ARGV[9])
for index = 13, #ARGV, 2 do
    redis.call('HINCRBYFLOAT', SEARCH, 'sum:' .. ARGV[index], ARGV[index + 1])
end
if columns == '' then append(epoch, prefix) else append(epoch, prefix .. columns .. '}') end
announce_valued(epoch, ARGV[12])
return 'published'
