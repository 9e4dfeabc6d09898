-- Moves waiting jobs onto the stream if it has fewer than workers could take, and takes over a job whose lease expired.
-- Arguments: consumer, milliseconds of a lease, where to continue the scan. Returns {where to continue next time}, and for
-- a job also its id, its pointer and how often it was taken.
refill()
local reply = redis.pcall('XAUTOCLAIM', JOBS, GROUP, ARGV[2], ARGV[3], ARGV[4], 'COUNT', 1)
if reply.err then return reply end
local entry = reply[2][1]
if not entry then return { reply[1] } end
local taken = redis.call('XPENDING', JOBS, GROUP, entry[1], entry[1], 1)[1]
return { reply[1], entry[1], entry[2][2], taken[4] }
