"""Files of payments and loans, and the counts of each month; only those of changed months are made again."""
