"""Pages inside the Airflow web UI: the router, its components, and the pages themselves."""
