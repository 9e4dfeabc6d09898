-- Arguments: epoch, after, limit. Returns {seq, no or 0, event, seq, ...}, or false if the log no longer has them.
local epoch, after, limit = ARGV[6], tonumber(ARGV[7]), tonumber(ARGV[8])
if standing_epoch() ~= epoch then return false end
local seq = tonumber(redis.call('HGET', META, 'seq'))
local first = seq - redis.call('LLEN', SIZES) + 1
if after > seq or after + 1 < first then return false end
local found = {}
for _, entry in ipairs(redis.call('XRANGE', LOG, whole(after + 1) .. '-0', '+', 'COUNT', limit)) do
    found[#found + 1] = tonumber(string.match(entry[1], '^(%d+)'))
    found[#found + 1] = tonumber(entry[2][4] or 0)
    found[#found + 1] = entry[2][2]
end
return found
