-- The group role ops_dashboard_app carries exactly what the product needs to work. Logins are made members of it.

DO $$
BEGIN
    -- Roles belong to the whole server: another database's migration, or an administrator, may have made it.
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'ops_dashboard_app') THEN
        CREATE ROLE ops_dashboard_app NOLOGIN;
    END IF;
EXCEPTION
    WHEN duplicate_object OR unique_violation THEN NULL;
END;
$$;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA ops FROM PUBLIC;
REVOKE ALL ON ALL TABLES IN SCHEMA ops FROM PUBLIC;
GRANT USAGE ON SCHEMA ops TO ops_dashboard_app;

-- Pages and explanations read.
GRANT SELECT ON ops.sources, ops.users, ops.groups, ops.direct_memberships, ops.direct_members, ops.nested_groups,
    ops.containments, ops.memberships, ops.group_names, ops.sync_runs,
    ops.grants, ops.grants_in_force, ops.ledger, ops.open_requests, ops.requests,
    ops.operation_approvers, ops.cancellations TO ops_dashboard_app;

-- The sync writes the copy of the directory; who leaves it stays as a row, and so does every membership.
GRANT INSERT, UPDATE ON ops.sources, ops.users, ops.groups TO ops_dashboard_app;
GRANT USAGE ON SEQUENCE ops.users_user_id_seq, ops.groups_group_id_seq TO ops_dashboard_app;
GRANT INSERT, UPDATE (valid_to) ON ops.direct_memberships, ops.nested_groups TO ops_dashboard_app;
GRANT INSERT, DELETE ON ops.containments TO ops_dashboard_app;
GRANT INSERT, UPDATE (group_id) ON ops.group_names TO ops_dashboard_app;
GRANT INSERT, UPDATE (state, read_at, reasons, evidence, differences, snapshot, decided_by, decided_at, decided_why)
    ON ops.sync_runs TO ops_dashboard_app;
GRANT EXECUTE ON FUNCTION ops.groups_at, ops.email_of TO ops_dashboard_app;

-- Grants are given and revoked, never changed.
GRANT INSERT, UPDATE (revoked_at, revoked_by) ON ops.grants TO ops_dashboard_app;
GRANT EXECUTE ON FUNCTION ops.like_pattern, ops.anchor, ops.possible_anchors TO ops_dashboard_app;  -- for its generated columns

-- Judging and recording go through functions alone.
GRANT EXECUTE ON FUNCTION ops.decide, ops.groups_of, ops.groups_that_may, ops.ledger_append TO ops_dashboard_app;
-- What queries and the view call.
GRANT EXECUTE ON FUNCTION ops.search_query, ops.words, ops.ends TO ops_dashboard_app;

GRANT INSERT, DELETE ON ops.operation_approvers TO ops_dashboard_app;
GRANT INSERT ON ops.cancellations TO ops_dashboard_app;
