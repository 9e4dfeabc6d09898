-- Arguments: search_id, after (a chunk's number, -1 for the first), most chunks.
-- Returns {number, matches, offers or false, ...} in order, or false if the search is not the current one.
local search_id, after, limit = ARGV[6], tonumber(ARGV[7]), tonumber(ARGV[8])
if not standing_epoch() or not is_search(search_id) then return false end
local numbers = {}
for _, chunk in ipairs(redis.call('HKEYS', MATCHES)) do
    local number = tonumber(chunk)
    if number > after then numbers[#numbers + 1] = number end
end
table.sort(numbers)
local found = {}
for index = 1, math.min(limit, #numbers) do
    local chunk = whole(numbers[index])
    found[#found + 1] = numbers[index]
    found[#found + 1] = redis.call('HGET', MATCHES, chunk)
    found[#found + 1] = redis.call('HGET', OFFERS, chunk)
end
return found
