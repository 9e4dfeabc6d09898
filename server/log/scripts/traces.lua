-- Returns the kept traces of earlier searches, a line each, or false; and the fields of the latest one's.
if not standing_epoch() then return { false, {} } end
return { redis.call('HGET', META, 'traces'), redis.call('HMGET', SEARCH, unpack(TRACED)) }
