"""The battery itself: it must find what it is there to find."""

import pytest

import ledger
from compare import compare
from play import Step
from scenarios import SCENARIOS

ANSWER = {
    "Rules": [{"Priority": "1", "RuleArn": "arn:x/0123456789abcdef"}, {"Priority": "2", "RuleArn": "arn:x/fedcba9876543210"}],
    "Tags": [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}],
}


def step(operation="elbv2.DescribeRules", answer=None, error=None, status=200, **params):
    return Step(operation, params, status, ANSWER if answer is None else answer, error)


def found(ours, moto):
    return [(one.field, one.ours, one.moto) for one in compare("harness.x", ours, moto)]


def test_ids_are_compared_by_what_they_refer_to():
    renamed = {
        "Rules": [{"Priority": "2", "RuleArn": "arn:x/2222222222222222"}, {"Priority": "1", "RuleArn": "arn:x/1111111111111111"}],
        "Tags": list(reversed(ANSWER["Tags"])),
    }
    ours = [step(), step(answer={"RuleArn": "arn:x/fedcba9876543210"})]
    assert found(ours, [step(answer=renamed), step(answer={"RuleArn": "arn:x/2222222222222222"})]) == []
    other = [step(answer=renamed), step(answer={"RuleArn": "arn:x/1111111111111111"})]
    assert found(ours, other) == [("RuleArn", '"arn:x/<id 2>"', '"arn:x/<id 1>"')]


@pytest.mark.parametrize("change, difference", [
    ({"Tags": [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "3"}]}, ("Tags[b].Value", '"2"', '"3"')),
    ({"Tags": [{"Key": "a", "Value": "1"}]}, ("Tags[b]", '{"Value": "2"}', "absent")),
    ({"Rules": ANSWER["Rules"][:1]}, ("Rules[]", '{"Priority": "2", "RuleArn": "arn:x/<id 2>"}', "absent")),
    ({"Extra": 1}, ("Extra", "absent", "1")),
])
def test_a_difference_has_its_field(change, difference):
    assert found([step()], [step(answer=ANSWER | change)]) == [difference]


def test_refusals_are_compared_by_code_and_status():
    refused = {"answer": {}, "error": "RuleNotFound", "status": 400}
    assert found([step(**refused)], [step()]) == [("error", '"RuleNotFound"', "null")]
    assert found([step(**refused)], [step(**(refused | {"status": 404}))]) == [("status", "400", "404")]
    assert found([step(PageSize=1)], [step(PageSize=2)])[0][0] == "request"


GOOD = {"at": "elbv2.DeleteRule error", "ours": "x", "moto": "y", "evidence": "botocore", "quote": "The specified rule does not exist."}


@pytest.mark.parametrize("change", [
    {"evidence": ""}, {"evidence": "hearsay"}, {"quote": ""}, {"quote": "Nobody wrote this."}, {"evidence": "unverified"},
    {"evidence": "document"}, {"evidence": "document", "url": "https://example.com/"}, {"colour": "red"},
])
def test_an_entry_without_evidence_is_refused(change):
    assert ledger.defect(GOOD) is None
    assert ledger.defect(GOOD | change) is not None


def test_an_entry_covers_its_operation_field_and_values_only():
    one = compare("harness.x", [step("elbv2.DeleteRule", {}, "A[1]", 400)], [step("elbv2.DeleteRule", {})])[0]
    entry = GOOD | {"ours": '"A[1]"', "moto": "null"}
    assert ledger.covers(entry, one)
    assert ledger.covers(entry | {"ours": '"A*', "scenario": "harness.*"}, one)
    for change in ({"ours": '"B"'}, {"moto": "1"}, {"scenario": "other.*"}, {"at": "elbv2.DeleteRule status"}, {"at": "elbv2.CreateRule error"}):
        assert not ledger.covers(entry | change, one), change


def test_every_scenario_has_a_name_of_its_own():
    assert len(SCENARIOS) > 40
