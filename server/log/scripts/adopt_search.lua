-- Arguments: search_id, owner, lease. Returns the search as {field, value, ...}, or false where it is over, another one,
-- or still in its owner's hands.
if not standing_epoch() or not is_search(ARGV[6]) or not has_lapsed() then return false end
take_lease(ARGV[7], ARGV[8])
return search_fields()
