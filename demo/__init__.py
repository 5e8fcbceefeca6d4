"""The demo: a whole Airflow with the product on one machine, and a simulated Kubernetes cluster to operate."""
