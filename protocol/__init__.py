"""The vocabulary between server, workers and clients. It imports nothing of ours from outside itself."""
