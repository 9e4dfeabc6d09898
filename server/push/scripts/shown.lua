-- Arguments: ids of cars; none for all. Returns {id, rev:no, ...} of those that the channel's screens show.
if not standing_epoch() then return {} end
local found = {}
local function add(id, state)
    found[#found + 1] = id
    found[#found + 1] = state
end
if #ARGV > 5 then
    for index = 6, #ARGV do
        local known = shown_as(ARGV[index])
        if known then add(ARGV[index], known) end
    end
    return found
end
local told = {}
local cars = redis.call('HGETALL', CARS)
for index = 1, #cars, 2 do
    told[cars[index]] = true
    add(cars[index], cars[index + 1])
end
for _, chunk in ipairs(car_chunks()) do
    local ids, revs = cjson.decode(chunk[1]), cjson.decode(chunk[2])
    for index, id in ipairs(ids) do
        if not told[id] then add(id, whole(revs[index]) .. ':0') end
    end
end
return found
