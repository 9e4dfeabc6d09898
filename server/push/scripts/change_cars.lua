-- Tells what became of cars, each state once, never an older one after a newer one.
-- Arguments for each car: id, rev, no, the rev from which on it is of interest though no search shows it ('' where only
-- a search makes it so), fields, event. Returns {id, rev before, ...} of the cars that were told of.
local epoch = open_epoch()
local told = {}
for index = 6, #ARGV, 6 do
    local id, rev, no, base = ARGV[index], tonumber(ARGV[index + 1]), tonumber(ARGV[index + 2]), ARGV[index + 3]
    local known = shown_as(id) or (base ~= '' and base .. ':0')
    if known then
        local old_rev, old_no = string.match(known, '^(%d+):(%d+)$')
        old_rev, old_no = tonumber(old_rev), tonumber(old_no)
        if rev > old_rev or (rev == old_rev and no > old_no) then
            redis.call('HSET', CARS, id, whole(rev) .. ':' .. whole(math.max(no, old_no)))
            redis.call('HSET', CHANGES, id, ARGV[index + 4])
            append(epoch, ARGV[index + 5])
            told[#told + 1] = id
            told[#told + 1] = old_rev
        end
    end
end
return told
