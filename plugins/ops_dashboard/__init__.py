"""Self-service operations inside the Airflow web UI."""
