# Retention, long poll and SQS's own encryption.
mock_provider "aws" {
  source = "./modules/image-processor/tests/mocks"

  override_resource {
    target = aws_sqs_queue.images
    values = { arn = "arn:aws:sqs:us-west-2:123456789012:main" }
  }

  override_resource {
    target = aws_sqs_queue.dead_letters
    values = { arn = "arn:aws:sqs:us-west-2:123456789012:dead" }
  }

  override_resource {
    target = aws_lambda_alias.worker
    values = { arn = "arn:aws:lambda:us-west-2:123456789012:function:worker:live" }
  }

  override_resource {
    target = aws_lambda_alias.reconciler
    values = { arn = "arn:aws:lambda:us-west-2:123456789012:function:reconciler:live" }
  }
}

variables {
  prefix              = "bluemoxon-staging"
  environment         = "staging"
  image_tag           = "v1.2.3"
  database_secret_arn = "arn:aws:secretsmanager:us-west-2:123456789012:secret:database-AbCdEf"
  images_bucket_name  = "bluemoxon-staging-images"
  images_cdn_domain   = "images.example"
  api_role_name       = "bluemoxon-staging-api"
}

run "both_queues" {
  command = plan
  module { source = "./modules/image-processor" }

  assert {
    condition     = aws_sqs_queue.images.name == "bluemoxon-staging-image-processing" && aws_sqs_queue.dead_letters.name == "bluemoxon-staging-image-processing-dlq"
    error_message = "the names are not {prefix}-image-processing and -dlq"
  }

  assert {
    condition     = aws_sqs_queue.images.message_retention_seconds == 345600 && aws_sqs_queue.dead_letters.message_retention_seconds == 1209600
    error_message = "retention is not 4 and 14 days"
  }

  assert {
    condition     = aws_sqs_queue.images.receive_wait_time_seconds == 20 && aws_sqs_queue.dead_letters.receive_wait_time_seconds == 20
    error_message = "no long poll of 20 s"
  }

  assert {
    condition     = aws_sqs_queue.images.sqs_managed_sse_enabled && aws_sqs_queue.dead_letters.sqs_managed_sse_enabled
    error_message = "not encrypted by SQS"
  }

  assert {
    condition     = aws_sqs_queue.images.kms_master_key_id == null
    error_message = "a customer key breaks the API's sends"
  }
}
