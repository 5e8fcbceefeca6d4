#!/usr/bin/env bash
# Prepares both databases and the first login. Every step can run again: each start of the team's stack runs all.
set -euo pipefail

airflow db migrate
ops-dashboard migrate --database-url "$OPS_OWNER_URL"
airflow users create --role Admin --username "$ADMIN_EMAIL" --email "$ADMIN_EMAIL" --password "$ADMIN_PASSWORD" \
    --firstname Platform --lastname Admin
