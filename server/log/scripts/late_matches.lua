-- Publishes repriced cars of the current search again, even after the search has ended.
-- Arguments: search_id, event up to its chunk's number, event from there to its columns, columns, job, the job's lane.
-- Returns the chunk's number, or false if another search is current or none of the cars waits to be matched.
local search_id, columns = ARGV[6], ARGV[9]
local epoch = open_epoch()
if not is_search(search_id) then return false end
local ids, revs = string.match(columns, '^{"vehicle_id":(%b[]),"rev":(%b[])')
local waited = false
revs = cjson.decode(revs)
for index, car in ipairs(cjson.decode(ids)) do waited = take_unmatched(car, revs[index]) or waited end
if not waited then return false end
local chunk = whole(FIRST_LATE + redis.call('HINCRBY', SEARCH, 'late', 1))
redis.call('HSET', MATCHES, chunk, columns)
index_chunk(search_id, columns)
redis.call('HSET', SEARCH, 'lane', ARGV[11])
redis.call('HINCRBY', SEARCH, 'pending', 1)
redis.call('HSET', JOBS, chunk, ARGV[10])
redis.call('ZADD', DUE, whole(now_ms()), chunk)
append(epoch, ARGV[7] .. chunk .. ARGV[8] .. columns .. '}')
return tonumber(chunk)
