-- The groups of whom somebody has to approve a run of some operation, as the catalog says: a sync guards them like those
-- that grants name.
CREATE TABLE ops.operation_approvers (
    group_name text PRIMARY KEY CHECK (group_name <> '')
);

-- What asks a running operation to end; it looks here every second. The ledger has the same as an act of its own.
CREATE TABLE ops.cancellations (
    dag_id text NOT NULL,
    run_id text NOT NULL,
    asked_by text NOT NULL,
    asked_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (dag_id, run_id)
);
