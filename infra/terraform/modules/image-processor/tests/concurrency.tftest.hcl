# Pollers never outrun the function: maximum_concurrency >= 2, reserved nothing or at least one more.
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

run "nothing_reserved" {
  command = plan
  module { source = "./modules/image-processor" }

  assert {
    condition     = aws_lambda_event_source_mapping.worker[0].scaling_config[0].maximum_concurrency == 2
    error_message = "no maximum concurrency"
  }

  assert {
    condition     = aws_lambda_function.worker[0].reserved_concurrent_executions == -1
    error_message = "executions are reserved without being asked to"
  }
}

run "one_more_than_the_maximum" {
  command = plan
  module { source = "./modules/image-processor" }
  variables {
    maximum_concurrency  = 4
    reserved_concurrency = 5
  }

  assert {
    condition     = aws_lambda_function.worker[0].reserved_concurrent_executions == 5 && aws_lambda_event_source_mapping.worker[0].scaling_config[0].maximum_concurrency == 4
    error_message = "a variable is not used"
  }
}

run "reserved_too_few" {
  command = plan
  module { source = "./modules/image-processor" }
  variables {
    maximum_concurrency  = 4
    reserved_concurrency = 4
  }
  expect_failures = [var.reserved_concurrency]
}

run "below_the_least" {
  command = plan
  module { source = "./modules/image-processor" }
  variables { maximum_concurrency = 1 }
  expect_failures = [var.maximum_concurrency]
}
