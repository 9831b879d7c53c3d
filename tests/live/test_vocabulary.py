"""Themes of the Ingress vocabulary on both accounts: what AWS tells of them afterwards, and that a check finds nothing to do.

What moto 5 does not know of load balancers (rewrites, regular expressions, clients' certificates) runs on the emulator alone, in tests/e2e
with traffic."""

import json
import subprocess

import pytest

from settle import at, looked, quiet, up
from world import documents, service, suffix

PODS = ["10.1.0.100", "10.1.1.100"]
OFTEN = ("--sync-period=3s", "--interval=3s")
HOST = "web.example.com"
ALB = "alb.ingress.kubernetes.io/"
ANNOTATED = {"name": "use-annotation"}


def manifest(namespace, notes, paths):
    """`paths`: [(path, Service, its port)]."""
    text = lambda value: value if isinstance(value, str) else json.dumps(value)
    path = lambda where, name, port: {
        "path": where, "pathType": "Prefix", "backend": {"service": {"name": name, "port": port}}}
    notes = {"target-type": "ip", "scheme": "internet-facing", **notes}
    return json.dumps({
        "apiVersion": "networking.k8s.io/v1", "kind": "Ingress",
        "metadata": {"name": "web", "namespace": namespace, "annotations": {ALB + suffix(k): text(v) for k, v in notes.items()}},
        "spec": {"ingressClassName": "alb", "rules": [{"host": HOST, "http": {"paths": [path(*p) for p in paths]}}]}})


class Theme:
    """What is said, and what AWS must tell then. `prepare` makes what annotations name."""

    paths = [("/", "a", {"number": 80})]
    port = 80

    def prepare(self, account, scratch):
        return {}

    def listener(self, account, balancer):
        [found] = [it for it in account.listeners(balancer) if it["Port"] == self.port]
        return found

    def rules(self, account, balancer):
        """In the order of their priorities, without the listener's own."""
        found = [r for r in account.rules(self.listener(account, balancer)) if not r["IsDefault"]]
        return sorted(found, key=lambda rule: int(rule["Priority"]))

    def admitted(self, account, balancer):
        """{(port, who)} over all groups that it wears."""
        groups = account.client("ec2").describe_security_groups(GroupIds=balancer["SecurityGroups"])["SecurityGroups"]
        kinds = (("IpRanges", "CidrIp"), ("Ipv6Ranges", "CidrIpv6"), ("PrefixListIds", "PrefixListId"))
        return {
            (rule["FromPort"], one[key]) for group in groups for rule in group["IpPermissions"]
            for member, key in kinds for one in rule.get(member, [])}


class Certificates(Theme):
    port = 443

    def prepare(self, account, scratch):
        arns = []
        for number, name in enumerate((HOST, "*.example.com", "other.org")):
            key, chain = scratch / f"{number}.key", scratch / f"{number}.pem"
            subprocess.run(
                ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", f"/CN={name}",
                 "-addext", f"subjectAltName=DNS:{name}", "-keyout", key, "-out", chain], check=True, capture_output=True)
            arns.append(account.client("acm").import_certificate(
                Certificate=chain.read_bytes(), PrivateKey=key.read_bytes())["CertificateArn"])
        self.given, self.other = arns[:2], arns[2]
        return {"listen_ports": [{"HTTP": 80}, {"HTTPS": 443}], "ssl_redirect": "443", "ssl_policy": "ELBSecurityPolicy-TLS13-1-2-2021-06"}

    def check(self, account, balancer):
        listener = self.listener(account, balancer)
        found = account.client("elbv2").describe_listener_certificates(ListenerArn=listener["ListenerArn"])["Certificates"]
        arns = {it["CertificateArn"] for it in [*found, *listener["Certificates"]]}
        assert arns == set(self.given), "those that cover the host, by name and by wildcard"
        assert listener["SslPolicy"] == "ELBSecurityPolicy-TLS13-1-2-2021-06"
        [plain] = [it for it in account.listeners(balancer) if it["Port"] == 80]
        assert plain["DefaultActions"][0]["RedirectConfig"]["Port"] == "443"


class GivenGroups(Theme):
    def prepare(self, account, scratch):
        ec2 = account.client("ec2")
        made = lambda name: ec2.create_security_group(
            GroupName=name, Description=name, VpcId=account.vpc,
            TagSpecifications=[{"ResourceType": "security-group", "Tags": [{"Key": "Name", "Value": name}]}])["GroupId"]
        self.groups = [made("office"), made("partners")]
        return {"security_groups": f"{self.groups[0]},partners", "manage_backend_security_group_rules": "true"}

    def check(self, account, balancer):
        worn = balancer["SecurityGroups"]
        assert len(worn) == 3 and set(self.groups) < set(worn), "the given ones, and the shared one that targets let in"


class PrefixLists(Theme):
    def prepare(self, account, scratch):
        made = account.client("ec2").create_managed_prefix_list(PrefixListName="office", MaxEntries=4, AddressFamily="IPv4")
        self.list = made["PrefixList"]["PrefixListId"]
        return {"security_group_prefix_lists": self.list, "inbound_cidrs": "10.0.0.0/8, 192.0.2.0/24"}

    def check(self, account, balancer):
        assert self.admitted(account, balancer) == {(80, self.list), (80, "10.0.0.0/8"), (80, "192.0.2.0/24")}


class Dualstack(Theme):
    def prepare(self, account, scratch):
        ec2 = account.client("ec2")
        ec2.associate_vpc_cidr_block(VpcId=account.vpc, AmazonProvidedIpv6CidrBlock=True)
        [vpc] = ec2.describe_vpcs(VpcIds=[account.vpc])["Vpcs"]
        block = vpc["Ipv6CidrBlockAssociationSet"][0]["Ipv6CidrBlock"].split("/")[0].removesuffix("::").split(":")
        stem = ":".join([*block, "0", "0"][:3])
        made = lambda number, zone: ec2.create_subnet(
            VpcId=account.vpc, CidrBlock=f"10.1.{20 + number}.0/24", AvailabilityZone=f"us-east-1{zone}",
            Ipv6CidrBlock=f"{stem}:{int(([*block, '0', '0'])[3] or '0', 16) + number:x}::/64")["Subnet"]["SubnetId"]
        self.subnets = {made(number, zone) for number, zone in enumerate("ab")}
        return {"ip_address_type": "dualstack", "subnets": ",".join(sorted(self.subnets))}

    def check(self, account, balancer):
        assert balancer["IpAddressType"] == "dualstack"
        assert {zone["SubnetId"] for zone in balancer["AvailabilityZones"]} == self.subnets
        assert self.admitted(account, balancer) == {(80, "0.0.0.0/0"), (80, "::/0")}
        assert {kind for name, kind in account.records() if name == f"{HOST}."} == {"A", "AAAA"}


class Conditions(Theme):
    paths = [("/", "a", {"number": 80}), ("/wide", "wide", ANNOTATED)]

    def prepare(self, account, scratch):
        self.hosts = [f"h{n}.example.com" for n in range(7)]
        return {
            "conditions__a": [
                {"field": "http-header", "httpHeaderConfig": {"httpHeaderName": "X-Team", "values": ["blue"]}},
                {"field": "query-string", "queryStringConfig": {"values": [{"key": "v", "value": "2"}]}},
                {"field": "http-request-method", "httpRequestMethodConfig": {"values": ["PUT"]}}],
            "conditions__wide": [{"field": "host-header", "hostHeaderConfig": {"values": self.hosts}}],
            "actions__wide": {"type": "fixed-response", "fixedResponseConfig": {"statusCode": "210"}}}

    def check(self, account, balancer):
        rules = self.rules(account, balancer)
        assert len(rules) == 4, "eight hosts are three rules"
        asked = [{c["Field"] for c in rule["Conditions"]} for rule in rules]
        assert {"http-header", "query-string", "http-request-method", "host-header", "path-pattern"} in asked
        hosts = [h for rule in rules for c in rule["Conditions"] if c["Field"] == "host-header" for h in c["HostHeaderConfig"]["Values"]]
        assert sorted(hosts) == sorted([*self.hosts, HOST, HOST])
        assert all(sum(len(c[k].get("Values", [])) for c in rule["Conditions"] for k in c if k.endswith("Config")) <= 5 for rule in rules)


class Weights(Theme):
    paths = [("/", "canary", ANNOTATED)]

    def prepare(self, account, scratch):
        tuples = [{"serviceName": "a", "servicePort": 80, "weight": 9}, {"serviceName": "b", "servicePort": 80, "weight": 1}]
        sticky = {"enabled": True, "durationSeconds": 60}
        return {"actions__canary": {
            "type": "forward", "forwardConfig": {"targetGroups": tuples, "targetGroupStickinessConfig": sticky}}}

    def check(self, account, balancer):
        [rule] = self.rules(account, balancer)
        config = rule["Actions"][0]["ForwardConfig"]
        assert [group["Weight"] for group in config["TargetGroups"]] == [9, 1]
        assert config["TargetGroupStickinessConfig"] == {"Enabled": True, "DurationSeconds": 60}


class Redirects(Theme):
    paths = [("/", "a", {"number": 80}), ("/moved", "moved", ANNOTATED), ("/gone", "gone", ANNOTATED)]

    def prepare(self, account, scratch):
        return {
            "actions__moved": {"type": "redirect", "redirectConfig": {"host": "new.example.com", "statusCode": "HTTP_302"}},
            "actions__gone": {"type": "fixed-response", "fixedResponseConfig": {
                "contentType": "text/plain", "statusCode": "410", "messageBody": "gone"}}}

    def check(self, account, balancer):
        by = {rule["Actions"][0]["Type"]: rule["Actions"][0] for rule in self.rules(account, balancer)}
        assert by.keys() == {"forward", "redirect", "fixed-response"}
        assert (by["redirect"]["RedirectConfig"]["Host"], by["redirect"]["RedirectConfig"]["StatusCode"]) == ("new.example.com", "HTTP_302")
        assert by["fixed-response"]["FixedResponseConfig"]["MessageBody"] == "gone"


class Attributes(Theme):
    def prepare(self, account, scratch):
        account.client("s3").create_bucket(Bucket="logs") if account.kind == "moto" else None
        return {
            "load_balancer_attributes": "idle_timeout.timeout_seconds=30,access_logs.s3.enabled=true,access_logs.s3.bucket=logs",
            "target_group_attributes": "deregistration_delay.timeout_seconds=5,stickiness.enabled=true,stickiness.lb_cookie.duration_seconds=60",
            "tags": "team=a"}

    def check(self, account, balancer):
        elb = account.client("elbv2")
        told = lambda answer: {it["Key"]: it["Value"] for it in answer["Attributes"]}
        found = told(elb.describe_load_balancer_attributes(LoadBalancerArn=balancer["LoadBalancerArn"]))
        assert (found["idle_timeout.timeout_seconds"], found["access_logs.s3.enabled"], found["access_logs.s3.bucket"]) == ("30", "true", "logs")
        [group] = account.groups_of(balancer)
        found = told(elb.describe_target_group_attributes(TargetGroupArn=group["TargetGroupArn"]))
        assert (found["deregistration_delay.timeout_seconds"], found["stickiness.enabled"]) == ("5", "true")
        assert account.tags(balancer["LoadBalancerArn"])["team"] == account.tags(group["TargetGroupArn"])["team"] == "a"


class WebAcl(Theme):
    def prepare(self, account, scratch):
        seen = {"SampledRequestsEnabled": False, "CloudWatchMetricsEnabled": False, "MetricName": "m"}
        made = account.client("wafv2").create_web_acl(
            Name="office", Scope="REGIONAL", DefaultAction={"Allow": {}}, VisibilityConfig=seen)
        self.arn = made["Summary"]["ARN"]
        return {"wafv2_acl_name": "office"}

    def check(self, account, balancer):
        found = account.client("wafv2").get_web_acl_for_resource(ResourceArn=balancer["LoadBalancerArn"])
        assert found["WebACL"]["ARN"] == self.arn


THEMES = [Certificates, GivenGroups, PrefixLists, Dualstack, Conditions, Weights, Redirects, Attributes]


def settles(theme, cluster, account, namespace, run, scratch):
    notes = theme.prepare(account, scratch)
    run(account, *OFTEN).ready()
    cluster.apply(documents(
        *(service(name, namespace=namespace.name) for name in "ab"), manifest(namespace.name, notes, theme.paths)))
    for name in "ab":
        namespace.serve(name, PODS)
    balancer = up(account, namespace, [HOST], at(*PODS))
    theme.check(account, balancer)
    quiet(account, 0.5)
    account.reset()
    looked(account, "DescribeRules", 2)
    changes = [call["operation"] for call in account.calls(mutating=True)]
    assert changes == [], "a check found something to do"
    theme.check(account, account.balancer(f"{namespace.name}/web"))


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.__name__.lower())
def test_a_theme_is_as_asked_and_stays_so(cluster, account, namespace, run, tmp_path, theme):
    settles(theme(), cluster, account, namespace, run, tmp_path)


def test_a_web_acl_protects_and_stays(cluster, open_account, namespace, run, tmp_path):
    """On moto, where web ACLs can be made; those that the emulator is born with are in tests/e2e."""
    settles(WebAcl(), cluster, open_account("moto"), namespace, run, tmp_path)
