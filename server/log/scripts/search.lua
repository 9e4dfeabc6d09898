-- Returns the current search as {field, value, ...}, or false.
return standing_epoch() and redis.call('HEXISTS', SEARCH, 'owner') == 1 and search_fields()
