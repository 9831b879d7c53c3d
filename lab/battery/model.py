"""Checks a raw answer against botocore's model of the operation, more strictly than botocore reads it.

What comes in is the body and the headers as they were sent; what goes out is a list of defects: members that the model does not
know, required ones that are missing, values of another type or outside an enumeration, wrong element names, namespaces and roots.
"""

import base64
import functools
import json
import re
import xml.etree.ElementTree as xml

import botocore.session
from botocore.utils import parse_timestamp

SCALARS = {
    "boolean": re.compile(r"true|false"),
    "integer": re.compile(r"-?\d+"),
    "long": re.compile(r"-?\d+"),
    "double": re.compile(r"-?\d+(\.\d+)?([eE][-+]?\d+)?"),
    "float": re.compile(r"-?\d+(\.\d+)?([eE][-+]?\d+)?"),
}
# Errors of every operation, which a service's model does not list, by service.
COMMON = {
    "ec2": None,  # EC2's model names no errors at all.
    "elbv2": {"ValidationError", "Throttling"},
    "route53": {"InvalidInput", "Throttling"},
    "acm": {"ValidationException", "ThrottlingException"},
    "resourcegroupstaggingapi": {"InvalidParameterException", "ThrottledException"},
    "sts": set(),
}

# Values that an enumeration lacks and the documentation of a member has. InternetGatewayAttachment$State: "For an internet
# gateway, the state is available when attached to a VPC; otherwise, this value is not returned."
BESIDES = {"AttachmentStatus": ("available",)}


@functools.cache
def service(name):
    return botocore.session.get_session().get_service_model(name)


def local(tag):
    return tag.rsplit("}", 1)[-1]


class Check:
    """One answer of one operation."""

    def __init__(self, name):
        self.service, operation = name.split(".")
        self.model = service(self.service)
        self.operation = self.model.operation_model(operation)
        self.protocol = self.model.metadata["protocol"]
        self.defects = []

    def defect(self, path, text):
        self.defects.append(f"{path or '(answer)'}: {text}")

    # -- values

    def scalar(self, path, shape, text):
        pattern = SCALARS.get(shape.type_name)
        if pattern and not pattern.fullmatch(text):
            self.defect(path, f"{text!r} is no {shape.type_name}")
        if shape.type_name == "timestamp":
            self.timestamp(path, text)
        if shape.type_name == "blob":
            base64.b64decode(text, validate=True)
        self.constraints(path, shape, text)

    def timestamp(self, path, text):
        try:
            parse_timestamp(text)
        except ValueError:
            self.defect(path, f"{text!r} is no time")

    def constraints(self, path, shape, text):
        if shape.type_name != "string":
            return
        allowed = getattr(shape, "enum", None)
        if allowed and text not in allowed and text not in BESIDES.get(shape.name, ()):
            self.defect(path, f"{text!r} is none of {allowed}")
        longest = shape.metadata.get("max")
        if longest is not None and len(text) > longest:
            self.defect(path, f"longer than {longest}: {text!r}")

    def required(self, path, shape, present):
        for name in set(shape.required_members) - set(present):
            self.defect(path, f"required {name} is missing")

    # -- XML: query, ec2, rest-xml

    def wire_name(self, name, shape):
        return shape.serialization.get("name", name)

    def element(self, path, shape, element):
        kind = shape.type_name
        if kind == "structure":
            self.structure(path, shape, list(element))
        elif kind == "list":
            wanted = "member" if self.protocol == "query" else "item"
            wanted = shape.member.serialization.get("name", wanted)
            for child in element:
                if local(child.tag) != wanted:
                    self.defect(path, f"element {local(child.tag)} of a list of {wanted}")
                self.element(f"{path}[]", shape.member, child)
        else:
            if len(element):
                self.defect(path, f"elements in a {kind}")
            self.scalar(path, shape, element.text or "")

    def structure(self, path, shape, children, ignored=()):
        body = {n: s for n, s in shape.members.items() if s.serialization.get("location") is None}
        by_wire, present = {self.wire_name(n, s): n for n, s in body.items()}, []
        for child in children:
            name = by_wire.get(local(child.tag))
            if name is None:
                if local(child.tag) not in ignored:
                    self.defect(path, f"unknown member {local(child.tag)}")
                continue
            flattened = body[name].serialization.get("flattened")
            if name in present and not flattened:
                self.defect(path, f"{name} stands there twice")
            present.append(name)
            self.element(f"{path}.{name}".lstrip("."), body[name].member if flattened else body[name], child)
        elsewhere = [n for n in shape.members if n not in body]
        self.required(path, shape, present + elsewhere)

    def answer_xml(self, root):
        shape, name = self.operation.output_shape, self.operation.name
        wanted = f"{name}Response"
        if self.protocol == "rest-xml":
            # The model's name of the output shape is the root's.
            wanted = shape.serialization.get("name", shape.name) if shape else wanted
        if local(root.tag) != wanted:
            self.defect("", f"the root is {local(root.tag)}, not {wanted}")
        self.namespace(root)
        children, ignored = list(root), ()
        if self.protocol == "query":
            parts = {local(child.tag): child for child in root}
            wrapper = self.operation.output_shape.serialization.get("resultWrapper") if shape else None
            if set(parts) != ({wrapper} if wrapper else set()) | {"ResponseMetadata"}:
                self.defect("", f"parts {sorted(parts)}")
            children = list(parts[wrapper]) if wrapper in parts else []
        if self.protocol == "ec2":
            ignored = ("requestId",)
            if "requestId" not in [local(child.tag) for child in root]:
                self.defect("", "no requestId")
        if shape:
            self.structure("", shape, children, ignored)
        # EC2 answers operations without an output with `return`.
        elif [c for c in children if local(c.tag) not in (*ignored, "return")]:
            self.defect("", "an answer without a shape has members")

    def namespace(self, root):
        wanted = self.model.metadata.get("xmlNamespace")
        found = re.match(r"\{(.*)\}", root.tag)
        wanted = wanted["uri"] if isinstance(wanted, dict) else wanted
        if wanted and (found is None or found[1] != wanted):
            self.defect("", f"namespace {found and found[1]}, not {wanted}")

    # -- JSON

    def value(self, path, shape, value):
        kind = shape.type_name
        if kind == "structure":
            for name in value.keys() - shape.members.keys():
                self.defect(path, f"unknown member {name}")
            for name in value.keys() & shape.members.keys():
                self.value(f"{path}.{name}".lstrip("."), shape.members[name], value[name])
            self.required(path, shape, value)
        elif kind == "list":
            for item in value:
                self.value(f"{path}[]", shape.member, item)
        elif kind == "map":
            for item in value.values():
                self.value(f"{path}{{}}", shape.value, item)
        elif not isinstance(value, {"boolean": bool, "integer": int, "long": int, "timestamp": (int, float)}.get(kind, str)):
            self.defect(path, f"{value!r} is no {kind}")
        elif kind == "string":
            self.constraints(path, shape, value)

    # -- whole answers

    def success(self, step):
        wanted = self.operation.http.get("responseCode", 200)
        if step.status != wanted:
            self.defect("", f"status {step.status}, not {wanted}")
        if self.protocol == "json":
            shape = self.operation.output_shape
            if shape:
                self.value("", shape, json.loads(step.raw))
        else:
            self.answer_xml(xml.fromstring(step.raw))

    def refusal(self, step):
        listed = {shape.metadata.get("error", {}).get("code", shape.name): shape for shape in self.operation.error_shapes}
        common = COMMON[self.service]
        if step.error in listed:
            status = listed[step.error].metadata.get("error", {}).get("httpStatusCode", 400)
            if step.status != status:
                self.defect("", f"{step.error} has status {step.status}, not {status}")
        elif common is not None and step.error not in common:
            self.defect("", f"{step.error} is no error of the operation: {sorted(listed)}")
        if self.protocol == "json":
            if "__type" not in json.loads(step.raw):
                self.defect("", "an error without __type")
        else:
            self.error_xml(xml.fromstring(step.raw), step)

    def error_xml(self, root, step):
        wanted = ["Response", "Errors", "Error", "Code"] if self.protocol == "ec2" else ["ErrorResponse", "Error", "Code"]
        if local(root.tag) != wanted[0]:
            self.defect("", f"an error's root is {local(root.tag)}, not {wanted[0]}")
            return
        here = root
        for name in wanted[1:]:
            here = next((child for child in here if local(child.tag) == name), None)
            if here is None:
                self.defect("", f"an error without {name}")
                return
        if here.text != step.error:
            self.defect("", f"an error of code {here.text}")


def defects(step):
    """What is wrong with the answer of a step."""
    check = Check(step.operation)
    (check.success if step.error is None else check.refusal)(step)
    return check.defects
