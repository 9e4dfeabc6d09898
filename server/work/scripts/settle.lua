-- Removes a job from the stream and lets the next one onto it. Arguments: id, then for one that becomes a dead letter its
-- job, the reason, the attempts and how many letters are kept.
if ARGV[3] then
    redis.call('XADD', DEAD, 'MAXLEN', ARGV[6], '*', 'job', ARGV[3], 'reason', ARGV[4], 'attempts', ARGV[5])
end
redis.call('XACK', JOBS, GROUP, ARGV[2])
redis.call('XDEL', JOBS, ARGV[2])
redis.call('ZREM', ARRIVED, ARGV[2])
refill()
