-- Lets cars wait no longer that cannot be matched. Arguments for each car: id, the rev that it was looked at.
if not standing_epoch() then return 0 end
for index = 6, #ARGV, 2 do take_unmatched(ARGV[index], ARGV[index + 1]) end
return 1
