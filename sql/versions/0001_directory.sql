-- Who belongs to which group: a copy of what the company directory last said. Only ops_sync_groups writes here.

-- One row for each directory that was ever loaded.
CREATE TABLE ops.sources (
    source text PRIMARY KEY,
    applied_at timestamptz NOT NULL,
    users integer NOT NULL,
    groups integer NOT NULL,
    memberships integer NOT NULL
);

-- A person is the directory's id, never the e-mail: an address that is given to somebody else later is somebody else.
-- Rows stay when a person leaves (removed_at), so that an id keeps its meaning.
CREATE TABLE ops.users (
    user_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source text NOT NULL REFERENCES ops.sources DEFERRABLE INITIALLY DEFERRED,
    external_id text NOT NULL CHECK (external_id <> ''),
    email text NOT NULL CHECK (email = lower(email) AND email <> ''),
    name text NOT NULL,
    active boolean NOT NULL,
    removed_at timestamptz,
    UNIQUE (source, external_id),
    -- Deferred: two people may swap addresses in one sync.
    CONSTRAINT users_one_live_email EXCLUDE USING btree (email WITH =) WHERE (removed_at IS NULL)
        DEFERRABLE INITIALLY DEFERRED
);

-- Grants name a group, so live names are unique across sources.
CREATE TABLE ops.groups (
    group_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source text NOT NULL REFERENCES ops.sources DEFERRABLE INITIALLY DEFERRED,
    external_id text NOT NULL CHECK (external_id <> ''),
    name text NOT NULL CHECK (name <> ''),
    removed_at timestamptz,
    UNIQUE (source, external_id),
    CONSTRAINT groups_one_live_name EXCLUDE USING btree (name WITH =) WHERE (removed_at IS NULL)
        DEFERRABLE INITIALLY DEFERRED
);

-- What the directory says: people in groups, groups in groups (cycles included, if it has any).
CREATE TABLE ops.direct_members (
    group_id bigint NOT NULL REFERENCES ops.groups,
    user_id bigint NOT NULL REFERENCES ops.users,
    PRIMARY KEY (group_id, user_id)
);

CREATE TABLE ops.nested_groups (
    group_id bigint NOT NULL REFERENCES ops.groups,
    child_id bigint NOT NULL REFERENCES ops.groups,
    PRIMARY KEY (group_id, child_id)
);

-- What follows from it: every group that a person is in, directly or through groups in groups.
CREATE TABLE ops.memberships (
    user_id bigint NOT NULL REFERENCES ops.users,
    group_id bigint NOT NULL REFERENCES ops.groups,
    PRIMARY KEY (user_id, group_id)
);
CREATE INDEX memberships_of_group ON ops.memberships (group_id, user_id);

-- Bring memberships in line with direct_members and nested_groups, touching only rows that differ.
CREATE FUNCTION ops.close_memberships(OUT added bigint, OUT removed bigint)
LANGUAGE sql
BEGIN ATOMIC
    -- UNION drops what was reached before, so a cycle ends.
    WITH RECURSIVE reach (group_id, inner_id) AS (
        SELECT groups.group_id, groups.group_id FROM ops.groups WHERE groups.removed_at IS NULL
        UNION
        SELECT reach.group_id, nested.child_id
          FROM reach JOIN ops.nested_groups AS nested ON nested.group_id = reach.inner_id
    ),
    wanted AS MATERIALIZED (
        SELECT DISTINCT direct.user_id, reach.group_id
          FROM reach JOIN ops.direct_members AS direct ON direct.group_id = reach.inner_id
    ),
    gone AS (
        DELETE FROM ops.memberships AS held
         USING (SELECT user_id, group_id FROM ops.memberships EXCEPT SELECT user_id, group_id FROM wanted) AS surplus
         WHERE held.user_id = surplus.user_id AND held.group_id = surplus.group_id
        RETURNING 1
    ),
    come AS (
        INSERT INTO ops.memberships (user_id, group_id)
        SELECT user_id, group_id FROM wanted EXCEPT SELECT user_id, group_id FROM ops.memberships
        RETURNING 1
    )
    SELECT (SELECT count(*) FROM come), (SELECT count(*) FROM gone);
END;
