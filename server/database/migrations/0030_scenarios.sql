-- The named scenarios of a deal, in the order in which they were added, each as it is sent; and the one that is on the deal,
-- null as soon as the deal or the scenario differs.
ALTER TABLE deals
    ADD COLUMN scenarios     jsonb CHECK (jsonb_typeof(scenarios) = 'array'),
    ADD COLUMN used_scenario uuid;
GRANT UPDATE (scenarios, used_scenario) ON deals TO deal_app, deal_system;

-- When cars or tables change, those that may be outdated are looked through. No row has any yet.
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX deals_with_scenarios ON deals (deal_id) WHERE scenarios IS NOT NULL;
