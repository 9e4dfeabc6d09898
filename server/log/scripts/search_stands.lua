-- Records that the search need not be repeated, whatever was decided since it began. Arguments: search_id.
if standing_epoch() and is_search(ARGV[6]) then redis.call('HDEL', SEARCH, 'outdated_at') end
return 1
