-- deal_system sees the rows of every store, so it reads of people only who they are: names for events and walls, and
-- how much discount a seller may give. With hashes of passwords and tokens it has nothing to do.
REVOKE SELECT ON users, credentials FROM deal_system;
GRANT SELECT (user_id, name, role, discount_authority_cents) ON users TO deal_system;
