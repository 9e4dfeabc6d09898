"""Reading deals: snapshots, history, walls, pencils."""
