"""Set-up that runs before anything is installed. It imports nothing of the project."""
