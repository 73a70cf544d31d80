# A message stays hidden six times as long as the function may run.
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

run "default_timeout" {
  command = plan
  module { source = "./modules/image-processor" }

  assert {
    condition     = aws_sqs_queue.images.visibility_timeout_seconds == 6 * aws_lambda_function.worker[0].timeout
    error_message = "the visibility timeout is not six times the function's"
  }

  assert {
    condition     = aws_sqs_queue.images.visibility_timeout_seconds == 1800
    error_message = "six times 300 s is 1800 s"
  }
}

run "longest_timeout" {
  command = plan
  module { source = "./modules/image-processor" }
  variables { worker_timeout_seconds = 900 }

  assert {
    condition     = aws_sqs_queue.images.visibility_timeout_seconds == 5400
    error_message = "the visibility timeout does not follow the function's"
  }
}
