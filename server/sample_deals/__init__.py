"""Sample deals in every state: people of the sample stores work them, by the decisions that the hub uses."""
