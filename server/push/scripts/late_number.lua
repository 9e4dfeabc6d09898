-- Arguments: search_id. Returns the number of its next late chunk, or false where it is not the current search.
if not standing_epoch() or not is_search(ARGV[6]) then return false end
return FIRST_LATE + redis.call('HINCRBY', SEARCH, 'late', 1)
