"""An S3 server on a free port of this machine that lets nobody in but by a key that it knows and a signature that is right.

Prints one line of JSON: port, a bucket, and three pairs of keys: of who may do everything there, of who may do nothing, and
of a session, with its token. Ends with its standard input.
"""

import json
import logging
import sys

import boto3
from moto import settings
from moto.server import ThreadedMotoServer

logging.getLogger("werkzeug").setLevel(logging.ERROR)
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
port = server.get_host_and_port()[1]
own = {"endpoint_url": f"http://127.0.0.1:{port}", "region_name": "us-east-1"}
own |= {"aws_access_key_id": "essai", "aws_secret_access_key": "essai"}
bucket, iam, sts = "seau", boto3.client("iam", **own), boto3.client("sts", **own)
boto3.client("s3", **own).create_bucket(Bucket=bucket)


def policy(**what):
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **what}]})


def pair(key):
    return [key["AccessKeyId"], key["SecretAccessKey"], key.get("SessionToken", "")]


keys, everything = {}, policy(Action="s3:*", Resource="*")
for name in ["everything", "nothing"]:
    iam.create_user(UserName=name)
    keys[name] = pair(iam.create_access_key(UserName=name)["AccessKey"])
iam.put_user_policy(UserName="everything", PolicyName="everything", PolicyDocument=everything)
trust = policy(Action="sts:AssumeRole", Principal={"AWS": "*"})
role = iam.create_role(RoleName="night", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
iam.put_role_policy(RoleName="night", PolicyName="everything", PolicyDocument=everything)
keys["session"] = pair(sts.assume_role(RoleArn=role, RoleSessionName="night")["Credentials"])
# From here on everybody shows who they are.
settings.INITIAL_NO_AUTH_ACTION_COUNT = 0
print(json.dumps({"port": port, "bucket": bucket, "keys": keys}), flush=True)
sys.stdin.read()
