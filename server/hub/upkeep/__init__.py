"""Background work of the hub: publishing, repair, expiry and announcements."""
