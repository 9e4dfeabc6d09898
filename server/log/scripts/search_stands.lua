-- Records that the search need not be repeated for the decisions up to the given one. A later decision that another process
-- published keeps its mark. Arguments: search_id, no of the decision.
if standing_epoch() and is_search(ARGV[6]) and tonumber(redis.call('HGET', META, 'no') or -1) <= tonumber(ARGV[7]) then
    redis.call('HDEL', SEARCH, 'outdated_at')
end
return 1
