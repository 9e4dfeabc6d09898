-- Tells what became of cars, each state once, never an older one after a newer one.
-- Arguments for each car: id, rev, no, the rev from which on it is of interest though no search shows it ('' where only
-- a search makes it so), fields, event, '1' where it can be matched ('' where it is not for sale).
-- Returns how many of those that were told wait to be matched at their new price from now on.
local epoch = open_epoch()
complete_index()
local unmatched, searched = 0, redis.call('HEXISTS', SEARCH, 'owner') == 1
for index = 6, #ARGV, 7 do
    local id, rev, no, base = ARGV[index], tonumber(ARGV[index + 1]), tonumber(ARGV[index + 2]), ARGV[index + 3]
    local known = shown_as(id) or (base ~= '' and base .. ':0')
    if known then
        local old_rev, old_no = string.match(known, '^(%d+):(%d+)$')
        old_rev, old_no = tonumber(old_rev), tonumber(old_no)
        if rev > old_rev or (rev == old_rev and no > old_no) then
            redis.call('HSET', CARS, id, whole(rev) .. ':' .. whole(math.max(no, old_no)))
            redis.call('HSET', CHANGES, id, ARGV[index + 4])
            if rev > old_rev then
                if searched and ARGV[index + 6] == '1' then
                    redis.call('HSET', UNMATCHED, id, whole(rev))
                    unmatched = unmatched + 1
                else
                    redis.call('HDEL', UNMATCHED, id)
                end
            end
            append(epoch, ARGV[index + 5])
        end
    end
end
-- Whoever told them matches them; where that fails, the heartbeat finds them after a while.
if unmatched > 0 then redis.call('HSET', SEARCH, 'unmatched_at', whole(now_ms())) end
return unmatched
