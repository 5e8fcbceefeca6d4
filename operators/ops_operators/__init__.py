"""Airflow operators that act for a person: authorised in the task, at most once, on record."""
