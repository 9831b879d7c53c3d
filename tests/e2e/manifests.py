"""Small manifests, in YAML as a user writes them."""

import textwrap


def service(name, namespace="default", port=80, target=8080, kind="ClusterIP", extra=""):
    return textwrap.dedent(f"""\
        apiVersion: v1
        kind: Service
        metadata: {{name: {name}, namespace: {namespace}}}
        spec:
          type: {kind}
          selector: {{app: {name}}}
          ports: [{{port: {port}, targetPort: {target}{extra}}}]
        """)


def ingress(name, rules, namespace="default", annotations=None, spec=""):
    """`rules`: [(host or None, path, path type, service, port)]."""
    notes = {"alb.ingress.kubernetes.io/target-type": "ip", **(annotations or {})}
    lines = [
        "apiVersion: networking.k8s.io/v1", "kind: Ingress", "metadata:", f"  name: {name}",
        f"  namespace: {namespace}", "  annotations:",
        *(f"    {key}: {value!r}" for key, value in notes.items() if value is not None),
        "spec:", "  ingressClassName: alb", *([textwrap.indent(spec, "  ")] if spec else []),
    ]
    if rules:
        lines.append("  rules:")
    for host, path, kind, svc, port in rules:
        lines += [
            f"    - host: {host!r}" if host else "    -", "      http:", "        paths:",
            f"          - {{path: {path}, pathType: {kind}, backend: {{service: {{name: {svc}, port: {{number: {port}}}}}}}}}",
        ]
    return "\n".join(lines) + "\n"


def slice(service, addresses, namespace="default", port=8080, ready=True):
    endpoints = "".join(
        f"  - {{addresses: [{a}], conditions: {{ready: {str(ready).lower()}}}}}\n" for a in addresses
    )
    return (
        "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata:\n"
        f"  name: {service}-1\n  namespace: {namespace}\n  labels: {{kubernetes.io/service-name: {service}}}\n"
        f"addressType: IPv4\nports: [{{port: {port}}}]\nendpoints:" + (f"\n{endpoints}" if addresses else " []\n")
    )


def documents(*texts):
    return "---\n".join(texts)
