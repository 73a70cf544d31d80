# Before the first push, everything but functions, aliases, schedule and mapping.
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

run "no_image_yet" {
  command = plan
  module { source = "./modules/image-processor" }
  variables { image_tag = null }

  assert {
    condition = length(concat(
      aws_lambda_function.worker, aws_lambda_function.reconciler, aws_lambda_alias.worker, aws_lambda_alias.reconciler,
      aws_lambda_event_source_mapping.worker, aws_scheduler_schedule.reconciler,
    )) == 0
    error_message = "something needs an image that does not exist"
  }

  assert {
    condition     = aws_ecr_repository.images.name == "bluemoxon-staging-image-processor" && aws_sqs_queue.images.name == "bluemoxon-staging-image-processing" && length(aws_cloudwatch_metric_alarm.metric) == 5
    error_message = "repository, queue or alarms wait for an image"
  }
}
