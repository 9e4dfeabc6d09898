-- Arguments: search_id, owner, lease. Returns the search as {field, value, ...}, or false if it has ended, is not the
-- current one, or its owner's lease still holds.
if not standing_epoch() or not is_search(ARGV[6]) or not has_lapsed() then return false end
take_lease(ARGV[7], ARGV[8])
return search_fields()
