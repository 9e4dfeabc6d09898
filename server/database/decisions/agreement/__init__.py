"""What a deal settles on: offers, what lenders say to them, and the agreed figures and their guard."""
