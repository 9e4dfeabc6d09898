-- A salesperson asks the desk to appraise a trade.
ALTER TYPE task_kind ADD VALUE IF NOT EXISTS 'appraisal' AFTER 'adverse_action_notice';

-- The trade that is to be appraised.
ALTER TABLE deal_tasks ADD COLUMN trade_id text CHECK (length(trade_id) BETWEEN 1 AND 64);

-- Until now a structure said 0 for a trade whose cash value nobody had stated, so that its whole allowance was lost money.
-- Where no event set it, and the customer's trade was not worth 0 to begin with, the trade is not appraised. A signed deal
-- stays as it was signed. Pencils and offers keep the structure that they were priced with.
UPDATE deals d
   SET structure = structure || '{"trade_acv_cents": null}',
       first_structure = first_structure || '{"trade_acv_cents": null}'
 WHERE structure->'trade_acv_cents' = '0' AND state <> 'signed'
   AND NOT EXISTS (SELECT FROM deal_events e
                    WHERE e.deal_id = d.deal_id AND e.kind = 'deal_changed' AND e.body->'changes' ? 'trade_acv_cents')
   AND NOT EXISTS (SELECT FROM customers c WHERE c.customer_id = d.customer_id AND c.trade_acv_cents = 0);
