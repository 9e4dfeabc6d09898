-- Publishes cars of the current search once more, after they were repriced; also after the search has ended.
-- Arguments: search_id, chunk, event up to its columns, columns, job, in whose turns that waits. Returns the
-- outcome: 'repeated' also where none of the cars waits to be matched any more.
local search_id, chunk, prefix, columns = ARGV[6], ARGV[7], ARGV[8], ARGV[9]
local epoch = open_epoch()
if not is_search(search_id) then return 'superseded' end
if redis.call('HEXISTS', MATCHES, chunk) == 1 then return 'repeated' end
local ids, revs = string.match(columns, '^{"vehicle_id":(%b[]),"rev":(%b[])')
local waited = false
revs = cjson.decode(revs)
for index, car in ipairs(cjson.decode(ids)) do waited = take_unmatched(car, revs[index]) or waited end
if not waited then return 'repeated' end
redis.call('HSET', MATCHES, chunk, columns)
index_chunk(search_id, columns)
redis.call('HSET', SEARCH, 'lane', ARGV[11])
redis.call('HINCRBY', SEARCH, 'pending', 1)
redis.call('HSET', JOBS, chunk, ARGV[10])
redis.call('ZADD', DUE, whole(now_ms()), chunk)
append(epoch, prefix .. columns .. '}')
return 'published'
