"""Checks what the deployment's documents say against the executable and against each other.

usage: documents.py DEPLOY_FOLDER SCOUT_BINARY SOURCES_FOLDER RENDERED_KUBERNETES_YAML

Schemas know types, not sense. Here: settings and flags exist; compose.yaml's merged form is valid; what the Kubernetes
resources refer to is there; metrics that the runbook names are in the sources. Prints a line for each thing checked and ends
with 1 after the first that is wrong.
"""

import pathlib
import re
import subprocess
import sys

import compose_spec
import yaml


def fail(text):
    sys.exit(f"documents: {text}")


def settings_of(binary, command):
    text = subprocess.run([binary, command, "--help"], check=True, capture_output=True, text=True).stdout
    return set(re.findall(r"SCOUT_[A-Z_]+", text)), set(re.findall(r"--[a-z-]+", text))


def secrets_of(readme):
    """Settings without a flag, which --help does not list."""
    return set(re.findall(r"^\| `(SCOUT_[A-Z_]+)` \|  \|", readme.read_text(), re.M))


def check_settings(deploy, binary):
    for path, command in [
        ("systemd/coordinator.env", "coordinator"),
        ("systemd/agent.env", "agent"),
        ("docker/coordinator.example.yaml", "coordinator"),
        ("kubernetes/coordinator.example.yaml", "coordinator"),
    ]:
        known, _ = settings_of(binary, command)
        known |= secrets_of(deploy / "../README.md")
        text = (deploy / path).read_text()
        # The commented settings too: what a person will take the # from.
        if path.endswith(".env"):
            names = re.findall(r"^#?(SCOUT_[A-Z_]+)=", text, re.M)
            for line in text.splitlines():
                if line and not re.match(r"#|[A-Z_]+=", line):
                    fail(f"{path}: neither a comment nor a setting: {line}")
        else:
            names = ["SCOUT_" + key.upper() for key in re.findall(r"^#?([a-z_]+):(?: |$)", text, re.M)]
            if not isinstance(yaml.safe_load(text), dict):
                fail(f"{path} is not a mapping")
        for name in names:
            if name not in known:
                fail(f"{path}: `scout {command}` has no setting {name}")
        print(f"{path}: {len(names)} settings exist")


def check_arguments(where, arguments, binary):
    _, flags = settings_of(binary, arguments[0])
    for argument in arguments[1:]:
        flag = argument.split("=")[0]
        if flag.startswith("--") and flag not in flags | {"--config"}:
            fail(f"{where}: `scout {arguments[0]}` has no {flag}")


def check_compose(deploy, binary):
    text = (deploy / "docker/compose.yaml").read_text()

    def parsed(text):
        options = compose_spec.PyOptions()
        options.apply_merge = True
        # Variables are put in before the schema is looked at: here, by their defaults.
        compose = options.from_yaml(re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", text))
        compose.validate()
        return compose

    parsed(text)
    # The check itself is checked: it must refuse what is wrong.
    for right, wrong in [("  dc1-hosts: {}\n", ""), ("{file: pki/ca.pem}", "{fil: pki/ca.pem}"), ("interval: 10s", "interval: soon")]:
        if right not in text:
            fail(f"compose.yaml has no {right!r} any more")
        try:
            parsed(text.replace(right, wrong))
        except Exception:  # whatever it is called, it is a refusal
            continue
        fail(f"the compose schema takes {wrong!r} for {right!r}")
    compose = yaml.safe_load(text)
    services = compose["services"]
    for name, service in services.items():
        check_arguments(f"compose.yaml: {name}", service["command"], binary)
        if "scout" in service["healthcheck"]["test"]:
            check_arguments(f"compose.yaml: {name}'s health", service["healthcheck"]["test"][2:], binary)
        given = {s if isinstance(s, str) else s["source"] for s in service["secrets"]}
        if not given <= set(compose["secrets"]):
            fail(f"compose.yaml: {name} uses secrets that are not there: {given - set(compose['secrets'])}")
        mounted = {s if isinstance(s, str) else s["target"] for s in service["secrets"]}
        texts = " ".join(service["command"] + service["healthcheck"]["test"])
        if name == "coordinator":
            texts += (deploy / "docker/coordinator.example.yaml").read_text()
        for used in re.findall(r"/run/secrets/([\w.-]+)", texts):
            if used not in mounted:
                fail(f"compose.yaml: {name} reads /run/secrets/{used}, which is not mounted")
    shared = set(services["agent-dc1"]["networks"]) & set(services["agent-dc2"]["networks"])
    reach = set(services["coordinator"]["networks"])
    if shared or any("hosts" in network for network in reach):
        fail("compose.yaml: the segments are not apart")
    print(f"compose.yaml: {len(services)} services, valid when merged; segments share no network")


def check_image(deploy):
    text = (deploy / "docker/Dockerfile").read_text()
    context = (deploy / "docker/Dockerfile.dockerignore").read_text().split()
    used = set(re.findall(r"\$\((Deploy/[\w./-]+)", text)) | set(re.findall(r"^COPY (\w\S*) ", text, re.M))
    for file in used:
        if not (deploy / ".." / file).exists() or not any(f"!{file}".startswith(entry) for entry in context):
            fail(f"Dockerfile: {file} is not in the build context")
    print(f"Dockerfile: {', '.join(sorted(used))} in the build context")


def check_kubernetes(rendered, binary):
    resources = list(yaml.safe_load_all(rendered.read_text()))
    by = {(r["kind"], r["metadata"]["name"]): r for r in resources}
    for (kind, name), resource in by.items():
        if kind == "Deployment":
            pod = resource["spec"]["template"]
            check_pod(name, pod["spec"], by, binary)
            if not resource["spec"]["selector"]["matchLabels"].items() <= pod["metadata"]["labels"].items():
                fail(f"{name}: its selector does not match its pods")
        if kind == "Service":
            targets = [
                r for (k, _), r in by.items()
                if k == "Deployment" and resource["spec"]["selector"].items() <= r["spec"]["template"]["metadata"]["labels"].items()
            ]
            if len(targets) != 1:
                fail(f"Service {name} selects {len(targets)} Deployments")
            names = {p["name"] for c in targets[0]["spec"]["template"]["spec"]["containers"] for p in c.get("ports", [])}
            for port in resource["spec"]["ports"]:
                if port["targetPort"] not in names:
                    fail(f"Service {name}: no container has the port {port['targetPort']}")
    print(f"kubernetes: {len(resources)} resources, whose references, ports and arguments are right")


def check_pod(name, pod, by, binary):
    volumes = {}
    for volume in pod["volumes"]:
        volumes[volume["name"]] = volume
        for key, kind, field in [("secret", "Secret", "secretName"), ("configMap", "ConfigMap", "name")]:
            if key in volume and (kind, volume[key][field]) not in by:
                fail(f"{name}: there is no {kind} {volume[key][field]}")
    if not pod["securityContext"].get("runAsNonRoot") or pod.get("automountServiceAccountToken") is not False:
        fail(f"{name}: runs as root, or with a token")
    for container in pod["containers"]:
        where = f"{name}/{container['name']}"
        context = container["securityContext"]
        if context["allowPrivilegeEscalation"] or not context["readOnlyRootFilesystem"] or context["capabilities"]["drop"] != ["ALL"]:
            fail(f"{where}: not confined")
        mounts = {m["mountPath"]: m["name"] for m in container["volumeMounts"]}
        if not set(mounts.values()) <= set(volumes):
            fail(f"{where}: mounts what is not there")
        texts = " ".join(container.get("args", []))
        if container["image"].startswith("scout:"):
            check_arguments(where, container["args"], binary)
            for mount, volume in mounts.items():
                if mount == "/etc/scout":
                    files = by["Secret", volumes[volume]["secret"]["secretName"]]["data"]
                    for used in re.findall(r"/etc/scout/([\w.-]+)", texts):
                        if used not in files:
                            fail(f"{where}: /etc/scout/{used} is not in the secret")
        if container["name"] == "agent":
            for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
                if "grpc" not in container[probe]:
                    fail(f"{where}: {probe} is not gRPC's")


def check_metrics(deploy, sources):
    known = set()
    for path in sources.rglob("*.swift"):
        known |= set(re.findall(r'"(scout_[a-z_]+)"', path.read_text()))
    named = set(re.findall(r"\bscout_[a-z_]+\b", (deploy / "README.md").read_text()))
    named = {re.sub(r"_(bucket|sum|count)$", "", name) for name in named if not name.endswith("_")}
    if not named <= known:
        fail(f"README.md names metrics that are not there: {sorted(named - known)}")
    print(f"README.md: {len(named)} metrics exist")


def main():
    deploy, binary, sources, rendered = sys.argv[1:]
    deploy = pathlib.Path(deploy)
    check_settings(deploy, binary)
    check_image(deploy)
    check_compose(deploy, binary)
    check_kubernetes(pathlib.Path(rendered), binary)
    check_metrics(deploy, pathlib.Path(sources))


main()
