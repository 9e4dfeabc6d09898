-- Publishes a chunk whose offers are known, with its offers: it is never pending and needs no job.
-- Arguments: search_id, chunk, matches up to its columns, columns, scanned, matched, chunks, place, rejected, owner, lease,
-- rows, offers up to its columns, columns of offers. Returns the outcome.
local search_id, chunk, prefix, columns, owner = ARGV[6], ARGV[7], ARGV[8], ARGV[9], ARGV[15]
local epoch = open_epoch()
if not is_running_by(search_id, owner) then return 'superseded' end
if redis.call('HSETNX', MATCHES, chunk, columns) == 0 then return 'repeated' end
redis.call('HSET', OFFERS, chunk, ARGV[19])
redis.call('HSET', SEARCH, 'scanned', ARGV[10], 'matched', ARGV[11], 'chunks', ARGV[12], 'place', ARGV[13],
    'rejected', ARGV[14])
redis.call('HINCRBY', SEARCH, 'valued', ARGV[17])
index_chunk(search_id, columns)
untell_older(columns)
take_lease(owner, ARGV[16])
append(epoch, prefix .. columns .. '}')
append(epoch, ARGV[18] .. ARGV[19] .. '}')
return 'published'
