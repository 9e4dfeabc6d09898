-- Removes cars that cannot be matched from those that wait. Arguments for each car: id, the rev at which it was processed.
if not standing_epoch() then return 0 end
for index = 6, #ARGV, 2 do take_unmatched(ARGV[index], ARGV[index + 1]) end
return 1
