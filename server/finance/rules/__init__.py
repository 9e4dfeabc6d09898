"""What lenders, makers and states allow, before a car is priced: programmes, limits, rebates, taxes."""
