"""Rules: conditions, actions, priorities."""

from . import Balanced, arn, scenario

CONDITIONS = [
    {"Field": "host-header", "HostHeaderConfig": {"Values": ["shop.example.com", "*.example.org"]}},
    {"Field": "path-pattern", "PathPatternConfig": {"Values": ["/cart", "/cart/*"]}},
    {"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": "X-Canary", "Values": ["yes", "1?"]}},
    {"Field": "http-request-method", "HttpRequestMethodConfig": {"Values": ["GET", "HEAD"]}},
    {"Field": "query-string", "QueryStringConfig": {"Values": [{"Key": "v", "Value": "2"}, {"Value": "beta"}]}},
    {"Field": "source-ip", "SourceIpConfig": {"Values": ["192.0.2.0/24", "2001:db8::/32"]}},
    {"Field": "host-header", "Values": ["shop.example.com"]},
    {"Field": "host-header", "HostHeaderConfig": {"RegexValues": ["^shop[0-9]+\\.example\\.com$"]}},
]


@scenario
def conditions(aws):
    at = Balanced(aws)
    for n, condition in enumerate(CONDITIONS):
        aws(
            "elbv2.CreateRule", ListenerArn=at.listener, Priority=n + 1, Conditions=[condition],
            Actions=[{"Type": "forward", "TargetGroupArn": at.target_group}],
        )
    aws("elbv2.DescribeRules", ListenerArn=at.listener)


@scenario
def actions(aws):
    at = Balanced(aws)
    other = at.another(aws, "other")
    sides = [{"TargetGroupArn": at.target_group, "Weight": 3}, {"TargetGroupArn": other, "Weight": 1}]
    wanted = [
        {"Type": "forward", "ForwardConfig": {"TargetGroups": [{"TargetGroupArn": at.target_group}]}},
        {"Type": "forward", "ForwardConfig": {"TargetGroups": sides}},
        {"Type": "forward", "ForwardConfig": {
            "TargetGroups": sides, "TargetGroupStickinessConfig": {"Enabled": True, "DurationSeconds": 60}}},
        {"Type": "redirect", "RedirectConfig": {"StatusCode": "HTTP_302", "Host": "www.#{host}", "Path": "/new#{path}"}},
        {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "503"}},
        {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "200", "ContentType": "application/json", "MessageBody": "{}"}},
    ]
    for n, action in enumerate(wanted):
        aws("elbv2.CreateRule", ListenerArn=at.listener, Priority=n + 1, Conditions=[CONDITIONS[0]], Actions=[action])
    aws("elbv2.DescribeRules", ListenerArn=at.listener)
    aws("elbv2.DescribeTargetGroups", TargetGroupArns=[other])
    aws("elbv2.DeleteTargetGroup", TargetGroupArn=other)


@scenario
def changed_rules(aws):
    at = Balanced(aws)
    rule = at.rule(aws, 10, "/a")
    aws("elbv2.ModifyRule", RuleArn=rule, Conditions=[CONDITIONS[0], CONDITIONS[1]])
    aws("elbv2.ModifyRule", RuleArn=rule, Actions=[{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}])
    aws("elbv2.DescribeRules", RuleArns=[rule])
    aws("elbv2.DeleteRule", RuleArn=rule)
    aws("elbv2.DeleteRule", RuleArn=rule)
    aws("elbv2.DescribeRules", RuleArns=[rule])
    default = aws("elbv2.DescribeRules", ListenerArn=at.listener)["Rules"][0]["RuleArn"]
    aws("elbv2.DeleteRule", RuleArn=default)
    aws("elbv2.ModifyRule", RuleArn=default, Conditions=[CONDITIONS[0]])


@scenario
def priorities(aws):
    at = Balanced(aws)
    first, second, third = (at.rule(aws, n, f"/{n}") for n in (10, 20, 30))
    place = lambda rule, priority: {"RuleArn": rule, "Priority": priority}
    aws("elbv2.SetRulePriorities", RulePriorities=[place(third, 5)])
    aws("elbv2.SetRulePriorities", RulePriorities=[place(first, 20), place(second, 10)])
    aws("elbv2.DescribeRules", ListenerArn=at.listener)
    aws("elbv2.SetRulePriorities", RulePriorities=[place(third, 20)])
    aws("elbv2.SetRulePriorities", RulePriorities=[place(first, 40), place(second, 40)])
    aws("elbv2.SetRulePriorities", RulePriorities=[place(arn("listener-rule"), 40)])
    aws("elbv2.CreateRule", ListenerArn=at.listener, Priority=5, Conditions=[CONDITIONS[0]],
        Actions=[{"Type": "forward", "TargetGroupArn": at.target_group}])
    default = [r for r in aws("elbv2.DescribeRules", ListenerArn=at.listener)["Rules"] if r["IsDefault"]][0]["RuleArn"]
    aws("elbv2.SetRulePriorities", RulePriorities=[place(default, 50)])


@scenario
def bad_rules(aws):
    at = Balanced(aws)
    forward = [{"Type": "forward", "TargetGroupArn": at.target_group}]
    value = lambda field, *values: [{"Field": field, "Values": list(values)}]
    wrong = [
        {"ListenerArn": arn("listener"), "Priority": 1, "Conditions": value("path-pattern", "/"), "Actions": forward},
        {"Priority": 50001, "Conditions": value("path-pattern", "/"), "Actions": forward},
        {"Priority": 1, "Conditions": [], "Actions": forward},
        {"Priority": 1, "Conditions": value("path-pattern"), "Actions": forward},
        {"Priority": 1, "Conditions": value("no-such-field", "/"), "Actions": forward},
        {"Priority": 1, "Conditions": value("path-pattern", "/" * 129), "Actions": forward},
        {"Priority": 1, "Conditions": value("path-pattern", *[f"/{n}" for n in range(6)]), "Actions": forward},
        {"Priority": 1, "Conditions": [{"Field": "source-ip", "SourceIpConfig": {"Values": ["192.0.2.0"]}}], "Actions": forward},
        {"Priority": 1, "Conditions": [{"Field": "http-header", "HttpHeaderConfig": {"Values": ["x"]}}], "Actions": forward},
        {"Priority": 1, "Conditions": value("path-pattern", "/"), "Actions": []},
        {"Priority": 1, "Conditions": value("path-pattern", "/"), "Actions": [{"Type": "forward"}]},
        {"Priority": 1, "Conditions": value("path-pattern", "/"),
         "Actions": [{"Type": "forward", "TargetGroupArn": arn("targetgroup")}]},
        {"Priority": 1, "Conditions": value("path-pattern", "/"), "Actions": [{"Type": "no-such-type"}]},
        {"Priority": 1, "Conditions": value("path-pattern", "/"), "Actions": [
            {"Type": "redirect", "RedirectConfig": {"StatusCode": "HTTP_303", "Host": "x.example.com"}}]},
        {"Priority": 1, "Conditions": value("path-pattern", "/"), "Actions": [
            {"Type": "forward", "ForwardConfig": {"TargetGroups": [{"TargetGroupArn": at.target_group, "Weight": 1000}]}}]},
    ]
    for params in wrong:
        aws("elbv2.CreateRule", **{"ListenerArn": at.listener, **params})
    aws("elbv2.DescribeRules", ListenerArn=arn("listener"))
    aws("elbv2.DescribeRules", RuleArns=[arn("listener-rule")])
    aws("elbv2.ModifyRule", RuleArn=arn("listener-rule"), Conditions=value("path-pattern", "/"))
    aws("elbv2.DescribeRules", ListenerArn=at.listener)


@scenario
def pages(aws):
    at = Balanced(aws)
    for n in range(5):
        at.rule(aws, n + 1, f"/{n}")
    seen, token = 0, {}
    for _ in range(9):
        page = aws("elbv2.DescribeRules", ListenerArn=at.listener, PageSize=4, **token)
        seen += len(page["Rules"])
        if "NextMarker" not in page:
            break
        token = {"Marker": page["NextMarker"]}
    assert seen == 6, seen
