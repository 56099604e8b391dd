"""The peer of `plumb drift`: what a script with the AWS SDK for Python does. It reads the same state and the same pages, and compares ingress over
IPv4 as sets of (ports, protocol, network); no egress, IPv6, groups, descriptions, exposure, or who did it."""
import json
import sys

import boto3

with open(sys.argv[1], encoding="utf-8") as file:
    state = json.load(file)
expected = {}
for resource in state["resources"]:
    if resource["mode"] == "managed" and resource["type"] == "aws_security_group":
        for instance in resource["instances"]:
            attributes = instance["attributes"]
            expected[attributes["id"]] = {
                (rule["from_port"], rule["to_port"], rule["protocol"], cidr) for rule in attributes["ingress"] for cidr in rule["cidr_blocks"]}
differences = 0
for page in boto3.client("ec2", region_name="eu-west-1").get_paginator("describe_security_groups").paginate(PaginationConfig={"PageSize": 1000}):
    for group in page["SecurityGroups"]:
        actual = {(rule.get("FromPort"), rule.get("ToPort"), rule["IpProtocol"], address["CidrIp"]) for rule in group["IpPermissions"] for address in rule["IpRanges"]}
        differences += len(actual ^ expected.get(group["GroupId"], set()))
print(differences)
