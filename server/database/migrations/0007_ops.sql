-- A command that changed nothing has no event to keep its answer beside. Sent again, it must not find something to do
-- that others have made since: its answer stands here, for a day.
CREATE TABLE deal_ops (
    deal_id uuid NOT NULL REFERENCES deals,
    op      uuid NOT NULL,
    reply   jsonb NOT NULL CHECK (jsonb_typeof(reply) = 'object'),
    at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (deal_id, op)
);
CREATE INDEX deal_ops_at ON deal_ops (at);

ALTER TABLE deal_ops ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_store ON deal_ops TO deal_app
    USING (EXISTS (SELECT FROM deals d WHERE d.deal_id = deal_ops.deal_id))
    WITH CHECK (EXISTS (SELECT FROM deals d WHERE d.deal_id = deal_ops.deal_id));
CREATE POLICY whole_system ON deal_ops TO deal_system USING (true) WITH CHECK (true);

GRANT SELECT, INSERT ON deal_ops TO deal_app;
-- The system forgets what is old.
GRANT SELECT, DELETE ON deal_ops TO deal_system;
