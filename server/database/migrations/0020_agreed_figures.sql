-- What a deal agreed on when it was submitted, what the desk proposes instead, and the contract that was signed: each
-- as it is sent.
ALTER TABLE deals
    ADD COLUMN agreed   jsonb CHECK (jsonb_typeof(agreed) = 'object'),
    ADD COLUMN proposal jsonb CHECK (jsonb_typeof(proposal) = 'object'),
    ADD COLUMN contract jsonb CHECK (jsonb_typeof(contract) = 'object');

-- Deals that were submitted before this release agreed on their selected offer. Its pencil has the total of payments.
UPDATE deals d
   SET agreed = jsonb_build_object(
           'kind', 'finance', 'vehicle_id', o.vehicle_id::text, 'payment_cents', o.payment_cents,
           'term_months', o.term_months, 'cash_down_cents', o.cash_down_cents, 'rate_bp', o.body->'rate_bp',
           'lender', o.body->'lender',
           'total_cents', coalesce(p.answer->'total_of_payments_cents', to_jsonb(o.payment_cents * o.term_months)))
  FROM offers o LEFT JOIN pencils p ON p.pencil_id::text = o.body->>'pencil_id'
 WHERE o.offer_id = d.selected_offer AND d.state NOT IN ('working', 'lost');

-- A signed deal shows its contract, whatever became of its car since.
UPDATE deals d
   SET contract = jsonb_build_object(
           'pencil_id', p.pencil_id::text, 'vehicle_id', o.vehicle_id::text, 'rev', o.vehicle_rev,
           'car', o.body->'car', 'figures', d.agreed, 'quote', p.answer - '{schedule,stipulations}'::text[], 'versions', p.versions,
           'signed_by', e.body->'by', 'signed_at', to_jsonb(e.at))
  FROM offers o JOIN pencils p ON p.pencil_id::text = o.body->>'pencil_id'
  JOIN LATERAL (SELECT s.body, s.at FROM deal_events s
                 WHERE s.deal_id = o.deal_id AND s.kind = 'state_changed' AND s.body->>'to' = 'signed'
                 ORDER BY s.no DESC LIMIT 1) e ON true
 WHERE o.offer_id = d.selected_offer AND d.state = 'signed' AND d.agreed IS NOT NULL;

-- The wall shows the reason of each deal's last step.
-- The migration holds its locks for as long as it runs anyway, and the index is small.
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX deal_events_steps ON deal_events (deal_id, no) WHERE kind IN ('state_changed', 'fulfilment_changed');

GRANT UPDATE (agreed, proposal, contract) ON deals TO deal_app, deal_system;

-- As before, with what the deal agreed on. A function's columns cannot be replaced; it is there again when this commits,
-- and a process of the release before selects by name.
-- squawk-ignore ban-drop-function
DROP FUNCTION lock_deal(uuid, uuid);
CREATE FUNCTION lock_deal(locked_deal uuid, given_op uuid)
    RETURNS TABLE (store_id text, state deal_state, version bigint, last_no bigint, structure jsonb,
                   salesperson_id uuid, selected_offer uuid, fulfilment text, at timestamptz,
                   reply jsonb, asked bytea, answered_to uuid, locks jsonb, agreed jsonb, proposal jsonb)
    LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_column
BEGIN
    SELECT d.store_id, d.state, d.version, d.last_no, d.structure, d.salesperson_id, d.selected_offer,
           d.fulfilment::text, now(), d.agreed, d.proposal
      INTO store_id, state, version, last_no, structure, salesperson_id, selected_offer, fulfilment, at,
           agreed, proposal
      FROM deals d WHERE d.deal_id = locked_deal FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    SELECT found.reply, found.asked, found.user_id INTO reply, asked, answered_to
      FROM (SELECT e.reply, e.asked, e.user_id FROM deal_events e WHERE e.deal_id = locked_deal AND e.op = given_op
            UNION ALL
            SELECT o.reply, o.asked, NULL FROM deal_ops o WHERE o.deal_id = locked_deal AND o.op = given_op) found;
    SELECT jsonb_object_agg(l.field, l.locked_by) INTO locks FROM deal_locks l WHERE l.deal_id = locked_deal;
    RETURN NEXT;
END $$;
