"""What botocore, which the AWS CLI is made of, takes from flags, environment and files: one answer for each case."""

import json
import os
import sys

import botocore.credentials
import botocore.exceptions
import botocore.session
import botocore.tokens


def answer(case: dict) -> dict:
    os.environ.clear()
    os.environ.update(case["env"])
    # Found once, when the module is imported, for the home folder of that moment.
    for owner in (botocore.credentials.SSOProvider, botocore.tokens.SSOTokenProvider):
        owner._SSO_TOKEN_CACHE_DIR = os.path.expanduser("~/.aws/sso/cache")
    try:
        session = botocore.session.Session(profile=case["flags"].get("profile"))
        region = case["flags"].get("region") or session.get_config_variable("region")
        common = {"region_name": region, "endpoint_url": case["flags"].get("endpointUrl")}
        endpoints = {
            name: session.create_client(service, **common).meta.endpoint_url
            for name, service in (("ecs", "ecs"), ("logs", "logs"), ("s3", "s3"))
        }
        sts = session.create_client("sts", region_name=region, endpoint_url=case["sts"])
        return {
            "region": region,
            "endpoints": {name: url if "amazonaws" not in url else None for name, url in endpoints.items()},
            "signedBy": sts.get_caller_identity()["Arn"],
        }
    except botocore.exceptions.BotoCoreError as error:
        return {"error": type(error).__name__}
    except botocore.exceptions.ClientError as error:
        return {"error": error.response["Error"]["Code"]}


json.dump([answer(case) for case in json.load(sys.stdin)], sys.stdout)
