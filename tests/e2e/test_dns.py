"""Names: who may write what, under which spelling; and what comes back when somebody takes it away."""

import pytest
from conftest import run, until
from manifests import documents, ingress, service

ALPHA, NEW = "external-dns.alpha.kubernetes.io/", "external-dns.kubernetes.io/"


def web(host="one.example.com", notes=None):
    return documents(service("a"), ingress("web", [(host, "/", "Prefix", "a", 80)], annotations=notes))


def names(edge, kind="A"):
    return {r["Name"].rstrip(".").replace("\\052", "*") for r in edge.state()["records"] if r["Type"] == kind}


def start(local, folder, *flags, text=None):
    (folder / "web.yaml").write_text(text or web())
    return local(folder, *flags)


def test_both_prefixes_and_one_of_ones_own(local, folder):
    edge = start(local, folder, text=web(notes={f"{ALPHA}hostname": "two.example.com, three.example.com"}))
    assert names(edge) == {"one.example.com", "two.example.com", "three.example.com"}
    edge.save({"web.yaml": web(notes={f"{NEW}hostname": "four.example.com."})})
    assert names(edge) == {"one.example.com", "four.example.com"}
    assert edge.echo("http://one.example.com/")["service"] == "default/a"
    assert edge.dig("two.example.com") == [] and edge.dig("four.example.com") == edge.dig("one.example.com")
    assert edge.dig("four.example.com", "TXT") == []


def test_an_explicit_prefix_is_the_only_one(local, folder):
    notes = {f"{ALPHA}hostname": "two.example.com", f"{NEW}hostname": "three.example.com", "dns.example.org/hostname": "four.example.com"}
    edge = start(local, folder, "--annotation-prefix", "dns.example.org/", text=web(notes=notes))
    assert names(edge) == {"one.example.com", "four.example.com"}


@pytest.mark.parametrize("policy, added, removed", [("sync", True, True), ("upsert-only", True, False), ("create-only", True, False)])
def test_policies(local, folder, policy, added, removed):
    edge = start(local, folder, "--policy", policy)
    first = edge.dig("one.example.com")
    edge.save({"web.yaml": web("two.example.com")})
    assert ("two.example.com" in names(edge)) == added
    assert ("one.example.com" not in names(edge)) == removed
    # Another load balancer: the record must follow, unless only creation is allowed.
    internet = {"alb.ingress.kubernetes.io/scheme": "internet-facing"}
    [before] = [r for r in edge.state()["records"] if r["Type"] == "A" and r["Name"] == "two.example.com."]
    edge.save({"web.yaml": web("two.example.com", internet)})
    [after] = [r for r in edge.state()["records"] if r["Type"] == "A" and r["Name"] == "two.example.com."]
    assert (after != before) == (policy != "create-only"), (before, after)
    assert first


@pytest.mark.parametrize("flags, record", [
    (["--txt-owner-id", "me"], "a-one.example.com."), (["--txt-prefix", "own."], "own.a-one.example.com."),
    (["--txt-suffix=-own"], "a-one-own.example.com."), (["--txt-prefix", "%{record_type}-own-"], "a-own-one.example.com."),
])
def test_ownership_records(local, folder, flags, record):
    edge = start(local, folder, *flags)
    txt = {r["Name"]: r["ResourceRecords"][0]["Value"] for r in edge.state()["records"] if r["Type"] == "TXT"}
    owner = "me" if "--txt-owner-id" in flags else "default"
    assert record in txt and f"external-dns/owner={owner}," in txt[record], txt
    assert edge.dig(record, "TXT") and txt[record].strip('"') in edge.dig(record, "TXT")[0]


def test_another_owners_names_stay(local, folder, tmp_path):
    state = tmp_path / "state.json"
    edge = start(local, folder, "--state", state, "--txt-owner-id", "somebody")
    edge.close()
    (folder / "web.yaml").write_text("# nothing\n")
    other = local(folder, "--state", state, "--txt-owner-id", "else")
    assert names(other) == {"one.example.com"}, "not ours to delete"


def test_filters_and_types(local, folder):
    text = documents(
        service("a"), ingress("web", [(h, "/", "Prefix", "a", 80) for h in (
            "one.example.com", "two.sub.example.com", "three.example.org", "*.wild.example.com")]))
    flags = ["--domain-filter", "example.com", "--exclude-domains", "sub.example.com", "--managed-record-types", "A"]
    edge = start(local, folder, *flags, text=text)
    assert names(edge) == {"one.example.com", "*.wild.example.com"}
    assert names(edge, "AAAA") == set()
    assert edge.dig("any.wild.example.com") == edge.dig("one.example.com")
    assert edge.echo("http://any.wild.example.com/")["service"] == "default/a"


def test_a_name_in_the_middle_of_an_edit_belongs_to_one(local, folder):
    """Two Ingresses want one name: who has it keeps it, and it is said; when it goes, the other takes over."""
    edge = start(local, folder)
    had = edge.dig("one.example.com")
    edge.save({"other.yaml": documents(service("b"), ingress("another", [("one.example.com", "/", "Prefix", "b", 80)]))})
    assert edge.dig("one.example.com") == had and "warning[DN0105]" in edge.text()
    edge.save({"web.yaml": None})
    assert edge.dig("one.example.com") and edge.echo("http://one.example.com/")["service"] == "default/b"


def test_what_somebody_took_away_comes_back_with_the_next_save(local, folder):
    edge = start(local, folder)
    elb, route53, ec2 = (edge.client(s) for s in ("elbv2", "route53", "ec2"))
    before = edge.state()
    [rule] = [r for rules in before["rules"].values() for r in rules if not r["IsDefault"]]
    elb.delete_rule(RuleArn=rule["RuleArn"])
    [zone] = route53.list_hosted_zones()["HostedZones"]
    [record] = [r for r in before["records"] if r["Type"] == "A"]
    route53.change_resource_record_sets(
        HostedZoneId=zone["Id"], ChangeBatch={"Changes": [{"Action": "DELETE", "ResourceRecordSet": record}]})
    [group] = before["groups"]
    elb.modify_target_group(TargetGroupArn=group["TargetGroupArn"], HealthCheckPath="/elsewhere")
    targets = [{"Id": i, "Port": p} for i, p in edge.targets(group["TargetGroupArn"])]
    elb.deregister_targets(TargetGroupArn=group["TargetGroupArn"], Targets=targets)
    front = next(g for g in before["security_groups"] if any(p["IpRanges"] for p in g["IpPermissions"]))
    ec2.revoke_security_group_ingress(GroupId=front["GroupId"], IpPermissions=front["IpPermissions"])
    assert edge.dig("one.example.com") == []
    # Any save will do: this one changes an annotation that nobody reads.
    edge.save({"web.yaml": web(notes={"example.org/note": "x"})})
    after = edge.state()
    assert edge.echo("http://one.example.com/")["service"] == "default/a"
    assert {r["Name"] for r in after["records"]} == {r["Name"] for r in before["records"]}
    assert [g["HealthCheckPath"] for g in after["groups"]] == ["/"]
    assert len(after["groups"]) == 1 and len(after["balancers"]) == 1
    healed = next(g for g in after["security_groups"] if g["GroupId"] == front["GroupId"])
    assert healed["IpPermissions"] == front["IpPermissions"]


def test_two_quick_saves_end_with_the_second(local, folder):
    edge = start(local, folder)
    for n in range(12):
        (folder / "web.yaml").write_text(web(f"h{n}.example.com"))
    until(lambda: edge.dig("h11.example.com"), "the last save counts")
    edge.wait()
    assert names(edge) == {"h11.example.com"}
    # While the first is being applied.
    said = edge.text().count("applied")
    (folder / "more.yaml").write_text("---\n".join(
        documents(service(f"m{n}"), ingress(f"m{n}", [(f"m{n}.example.com", "/", "Prefix", f"m{n}", 80)])) for n in range(8)))
    until(lambda: edge.text().count("applied") > said)
    (folder / "web.yaml").write_text(web("late.example.com"))
    until(lambda: edge.dig("late.example.com"))
    until(lambda: not edge.dig("h11.example.com"))
    assert names(edge) == {"late.example.com", *(f"m{n}.example.com" for n in range(8))}
