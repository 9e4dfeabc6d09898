-- Removes a job from the stream and moves the next one onto it. Arguments: id, then for a job that becomes a dead letter
-- its pointer, the reason, the attempts, how many letters are kept, and its body or ''.
if ARGV[3] then
    redis.call('XADD', DEAD, 'MAXLEN', ARGV[6], '*', 'job', ARGV[3], 'reason', ARGV[4], 'attempts', ARGV[5], 'body',
        ARGV[7])
end
redis.call('XACK', JOBS, GROUP, ARGV[2])
redis.call('XDEL', JOBS, ARGV[2])
redis.call('ZREM', ARRIVED, ARGV[2])
refill()
