"""The vocabulary that server, workers and clients share. It imports nothing else of this project."""
