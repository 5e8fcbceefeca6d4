-- Run once, as superuser, by the postgres image on an empty volume. No service logs in as superuser later.
\getenv airflow_password AIRFLOW_DATABASE_PASSWORD
\getenv owner_password OPS_OWNER_PASSWORD
\getenv app_password OPS_DATABASE_PASSWORD

CREATE ROLE airflow LOGIN PASSWORD :'airflow_password';
CREATE DATABASE airflow OWNER airflow;

-- The owner changes the product's schema; the product itself works with the rights of ops_dashboard_app alone.
CREATE ROLE ops_owner LOGIN PASSWORD :'owner_password';
CREATE ROLE ops_dashboard_app NOLOGIN;
CREATE ROLE ops_dashboard LOGIN PASSWORD :'app_password' IN ROLE ops_dashboard_app;
CREATE DATABASE ops_dashboard OWNER ops_owner;

REVOKE CONNECT, TEMPORARY ON DATABASE airflow, ops_dashboard FROM PUBLIC;
GRANT CONNECT ON DATABASE ops_dashboard TO ops_dashboard_app;
