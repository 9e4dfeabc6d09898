-- Arguments: search_id, owner, lease. Returns 1, or 0 if the search has ended or has another owner.
if not standing_epoch() or not is_running_by(ARGV[6], ARGV[7]) then return 0 end
take_lease(ARGV[7], ARGV[8])
return 1
