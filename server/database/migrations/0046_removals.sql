ALTER TABLE sync_state
    -- What the run under way has removed, by store: [rows that it had before, rows that are gone]. A run that is called
    -- again counts on, so that no store is emptied in several goes.
    ADD COLUMN removals jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(removals) = 'object'),
    -- When more was refused: until a run passes, or somebody confirms it.
    ADD COLUMN refused_at timestamptz;
