"""Plays a scenario on one account and writes down every request and answer.

A scenario is a function of one argument: `aws("elbv2.CreateRule", ListenerArn=..., ...)` sends the request and gives the parsed
answer, a `Refused` when the service refused it. It is played on each account from the beginning.
"""

import threading
from dataclasses import dataclass, field

import boto3
from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import ClientError, ParamValidationError
from botocore.parsers import ResponseParserError

REGION = "us-west-2"
# moto's backends are not thread-safe: one request at a time, whoever asks.
ONE_AT_A_TIME = threading.Lock()
# The error code written down for an answer that botocore cannot parse.
UNREADABLE = "(unreadable)"


class Refused(dict):
    """What a scenario sees of a refused request. It has no members, so one that goes on with it stops there."""


@dataclass
class Step:
    """One request with its answer."""

    operation: str
    params: dict
    status: int = 0
    answer: dict = field(default_factory=dict)
    # The error's code, None for success.
    error: str | None = None
    # The body as it came.
    raw: bytes = b""
    headers: dict = field(default_factory=dict)


def client(endpoint, service, **config):
    """A stock client that checks each request against botocore's model and never asks twice."""
    settings = {"retries": {"max_attempts": 0}, "parameter_validation": True, "read_timeout": 120, **config}
    return boto3.client(
        service, endpoint_url=endpoint, region_name=REGION, aws_access_key_id="test", aws_secret_access_key="test",
        config=Config(**settings),
    )


class Account:
    """One side of the comparison."""

    # Clients are slow to make and know nothing of the account but its address.
    clients = {}

    def __init__(self, endpoint):
        self.endpoint, self.steps = endpoint, []

    @classmethod
    def forget(cls, endpoint):
        """Another process may get the port of one that has ended; connections to the old one must not meet it."""
        for key in [key for key in cls.clients if key[0] == endpoint]:
            cls.clients.pop(key).close()

    def client(self, service):
        key = (self.endpoint, service)
        if key not in self.clients:
            self.clients[key] = client(self.endpoint, service)
            self.clients[key].meta.events.register("before-parse", self._keep)
        return self.clients[key]

    @staticmethod
    def _keep(response_dict, customized_response_dict, **_):
        customized_response_dict["Raw"] = (response_dict["body"], dict(response_dict["headers"]))

    def __call__(self, operation, **params):
        service, name = operation.split(".")
        step = Step(operation, params)
        self.steps.append(step)
        with ONE_AT_A_TIME:
            try:
                answer = getattr(self.client(service), xform_name(name))(**params)
            except ClientError as refused:
                answer = refused.response
                step.error = answer.pop("Error")["Code"]
            except ResponseParserError:
                # Not an answer of the protocol at all: a crash.
                step.error = UNREADABLE
                return Refused()
        step.status = answer.pop("ResponseMetadata")["HTTPStatusCode"]
        step.raw, step.headers = answer.pop("Raw", (b"", {}))
        if step.error is not None:
            return Refused()
        step.answer = answer
        return answer


def play(scenario, endpoint):
    """The steps of the scenario, as far as it came on this account, and what stopped it."""
    account = Account(endpoint)
    try:
        scenario(account)
    except (KeyError, IndexError, ParamValidationError) as missing:
        return account.steps, f"{type(missing).__name__}: {missing}"
    return account.steps, None
