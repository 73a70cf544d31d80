# The queue invokes the alias with one message at a time and takes partial answers.
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

run "one_by_one_through_the_alias" {
  module { source = "./modules/image-processor" }

  assert {
    condition     = aws_lambda_event_source_mapping.worker[0].batch_size == 1
    error_message = "more than one message a batch"
  }

  assert {
    condition     = try(aws_lambda_event_source_mapping.worker[0].function_response_types == toset(["ReportBatchItemFailures"]), false)
    error_message = "a failed item would be deleted as if it had succeeded"
  }

  assert {
    condition     = aws_lambda_event_source_mapping.worker[0].function_name == aws_lambda_alias.worker[0].arn
    error_message = "the queue invokes something else than the alias"
  }

  assert {
    condition     = aws_lambda_event_source_mapping.worker[0].event_source_arn == aws_sqs_queue.images.arn
    error_message = "another queue"
  }

  assert {
    condition     = aws_lambda_alias.worker[0].name == "live" && aws_lambda_alias.reconciler[0].name == "live"
    error_message = "the alias is not called live"
  }
}
