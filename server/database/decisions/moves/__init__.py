"""Moves of a deal between states: by what people do, and its fall if the facts have changed."""
