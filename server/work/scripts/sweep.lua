-- Puts waiting jobs onto the stream, where there are fewer than workers could take, and takes over a job whose lease ran out.
-- Arguments: consumer, milliseconds of a lease, where to go on looking. Returns {where to go on next time}, and with a job
-- also its id, its pointer and how often it was taken.
refill()
local reply = redis.pcall('XAUTOCLAIM', JOBS, GROUP, ARGV[2], ARGV[3], ARGV[4], 'COUNT', 1)
if reply.err then return reply end
local entry = reply[2][1]
if not entry then return { reply[1] } end
local taken = redis.call('XPENDING', JOBS, GROUP, entry[1], entry[1], 1)[1]
return { reply[1], entry[1], entry[2][2], taken[4] }
