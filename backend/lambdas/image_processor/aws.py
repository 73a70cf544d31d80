"""AWS clients, made from settings rather than from whatever the process's environment happens to hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

from lambdas.image_processor.config import AwsSettings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sqs import SQSClient

#: Photos are small and S3 is near; what takes longer is better tried again by the queue.
_PATIENT = Config(connect_timeout=5, read_timeout=20, retries={"mode": "standard", "total_max_attempts": 3})
#: Two seconds and no second try: a VPC may have no route to SQS, and these calls are best effort.
_IMPATIENT = Config(connect_timeout=2, read_timeout=2, retries={"total_max_attempts": 1})


class Clients:
    """The three services the functions talk to.

    Args:
        settings: region, credentials, endpoint.

    """

    def __init__(self, settings: AwsSettings) -> None:
        session = boto3.session.Session(
            aws_access_key_id=settings.access_key_id,
            aws_secret_access_key=settings.secret_access_key,
            aws_session_token=settings.session_token,
            region_name=settings.region,
        )
        endpoint = settings.endpoint_url
        # An endpoint of one's own is a neighbour: no proxy stands before it.
        direct = Config(proxies={}) if endpoint else Config()
        patient, impatient = _PATIENT.merge(direct), _IMPATIENT.merge(direct)
        self.s3: S3Client = session.client("s3", endpoint_url=endpoint, config=patient)
        self.secrets: SecretsManagerClient = session.client(
            "secretsmanager", endpoint_url=endpoint, config=patient
        )
        self.sqs: SQSClient = session.client("sqs", endpoint_url=endpoint, config=impatient)
