#!/bin/sh
# Writes the kubeconfig that Airflow uses: not the administrator's, but the service account's of deploy/rbac.yaml.
set -eu

as_admin() {
    kubectl --kubeconfig="$ADMIN_KUBECONFIG" --server="$CLUSTER_URL" --namespace=ops-dashboard "$@"
}

until as_admin get serviceaccount ops-dashboard; do
    sleep 1
done
token=$(as_admin create token ops-dashboard --duration=8760h)
authority=$(mktemp)
as_admin config view --raw --minify --flatten \
    --output=jsonpath='{.clusters[0].cluster.certificate-authority-data}' | base64 -d > "$authority"

kubectl config set-cluster demo --server="$CLUSTER_URL" --certificate-authority="$authority" --embed-certs
kubectl config set-credentials ops-dashboard --token="$token"
kubectl config set-context demo --cluster=demo --user=ops-dashboard
kubectl config use-context demo
chmod 644 "$KUBECONFIG"
