"""What ``deal-architect`` is asked at the terminal: one file for each noun."""
