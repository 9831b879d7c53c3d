"""Makes the answers of two accounts comparable without losing what they say.

What an account invents (ids, ARNs' last parts, times, page tokens, addresses it chose) becomes a name by kind and order of first
appearance, so a reference to a thing still has to be to the same thing. Lists whose order AWS does not promise are sorted.
"""

import datetime
import json
import re

# Members whose value is the account's own choice: only whether they are there, and their type, is compared.
OPAQUE = {
    "NextToken", "NextMarker", "Marker", "PaginationToken", "CallerReference", "PrivateIpAddress", "PrivateDnsName", "MacAddress",
    "AttachmentId", "AssociationId", "OwnershipToken", "Serial", "Certificate", "CertificateChain", "NetworkBorderGroup",
}
# The order of these lists is documented (record sets by name; actions by Order) or the caller's own.
ORDERED = {"ResourceRecordSets", "ResourceRecords", "Actions", "DefaultActions", "Changes", "NameServers"}
# By what the elements of other lists are told apart, the first that there is.
IDENTITY = (
    "Key", "LoadBalancerName", "TargetGroupName", "Priority", "Port", "GroupName", "CidrBlock", "DestinationCidrBlock", "ZoneName",
    "DomainName", "PrefixListName", "ResourceARN", "ResourceArn", "ResourceId", "Name", "Id", "CidrIp", "CidrIpv4", "CidrIpv6",
    "Cidr", "IpProtocol", "Field",
)
UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
# What is invented, by kind. A kind's name stands for the text that the group `id` matches.
INVENTED = [
    ("dns", re.compile(r"-(?P<id>[0-9a-f]+)(?=\.(us-west-2\.elb|elb\.us-west-2)\.amazonaws\.com)")),
    ("uuid", re.compile(rf"(?P<id>{UUID})")),
    ("validation", re.compile(r"(?<![0-9a-z])(?P<id>_?[0-9a-f]{32})(?=\.)")),
    ("id", re.compile(r"(?<=/)(?P<id>[0-9a-f]{14,16})(?![0-9a-f])")),
    ("{}", re.compile(r"\b(?P<kind>[a-z]+(?:-[a-z]+)*)-(?P<id>[0-9a-f]{8,17})\b")),
    ("change", re.compile(r"(?<=/change/)(?P<id>[0-9A-Z]{12,32})$")),
    ("zone", re.compile(r"(?<=hostedzone/)(?P<id>[0-9A-Z]{12,32})$")),
    ("server", re.compile(r"(?P<id>ns-\d+\.awsdns-\d+\.(?:com|net|org|co\.uk))")),
]
# Kinds that are not told apart: a DNS name may repeat the ARN's id or not, and moto has the same change and name servers always.
ALIKE = {"dns", "change", "server"}
# Members that hold a hosted zone's id without its path.
ZONE_MEMBERS = {"HostedZoneId", "ResourceId", "ResourceIds"}
# Zones of load balancers are AWS's, the same for all accounts, and are compared as they are.
SHARED_ZONES = {"Z1H1FL5HABSF5", "Z18D5FSROUN65G"}


class Names:
    """The names given on one account in one scenario."""

    def __init__(self):
        self.known = {}
        self.count = {}

    def _name(self, kind, text, learn):
        if text not in self.known:
            if not learn:
                return f"<{kind}>"
            self.count[kind] = self.count.get(kind, 0) + 1
            self.known[text] = f"<{kind} {self.count[kind]}>"
        return self.known[text]

    def text(self, text, learn):
        for kind, pattern in INVENTED:
            def renamed(found, kind=kind):
                own = kind.format(found.groupdict().get("kind"))
                whole, start = found.group(), found.start()
                # Zeros: invented by the scenario, not by the account.
                given = "0" * 8 in found["id"] or found["id"] in SHARED_ZONES
                name = found["id"] if given else f"<{own}>" if own in ALIKE else self._name(own, found["id"], learn)
                return whole[: found.start("id") - start] + name + whole[found.end("id") - start :]

            text = pattern.sub(renamed, text)
        return text

    def tree(self, value, member=None, learn=True):
        """The value with everything invented replaced. Without `learn`, what has no name yet stays nameless."""
        if isinstance(value, datetime.datetime):
            return "<time>"
        if member in OPAQUE and isinstance(value, (str, bytes)) and value:
            return f"<{member}>"
        if isinstance(value, bytes):
            return value.decode("utf-8", "replace")
        if isinstance(value, dict):
            return {key: self.tree(value[key], key, learn) for key in sorted(value)}
        if isinstance(value, list):
            if member not in ORDERED:
                value = sorted(value, key=self._place)
            return [self.tree(item, member, learn) for item in value]
        if member in ZONE_MEMBERS and isinstance(value, str) and "/" not in value and "-" not in value:
            return self.text(f"/hostedzone/{value}", learn).removeprefix("/hostedzone/")
        return self.text(value, learn) if isinstance(value, str) else value

    def _place(self, item):
        """Where an element of an unordered list belongs: by its identity, then by all it says without unknown names."""
        identity = []
        if isinstance(item, dict):
            identity = [str(self.tree(item[key], key, False)) for key in IDENTITY if not isinstance(item.get(key, []), (list, dict))]
        return identity, json.dumps(self.tree(item, None, False), sort_keys=True, default=str)
