"""What people put into a deal under its row lock: terms, trades, tasks, claims on cars, locks and notes."""
