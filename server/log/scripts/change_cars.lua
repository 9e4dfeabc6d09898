-- Publishes the states of cars: each state once, and never an older one after a newer one.
-- Arguments for each car: id, rev, no, the rev that a deal's own offer of it has ('' if only a search may show it), fields,
-- event, '1' if it can be matched ('' if it is not for sale).
-- Returns how many of the published cars now wait to be matched at their new price.
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
            redis.call('HSET', TOLD, id, whole(rev) .. ':' .. whole(math.max(no, old_no)))
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
-- The process that published them matches them. If that fails, the heartbeat finds them later.
if unmatched > 0 then redis.call('HSET', SEARCH, 'unmatched_at', whole(now_ms())) end
return unmatched
