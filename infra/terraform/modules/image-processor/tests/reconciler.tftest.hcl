# The reconciler is the same image with a command of its own, run through its alias on a schedule.
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

run "same_image_own_command" {
  module { source = "./modules/image-processor" }

  assert {
    condition     = aws_lambda_function.reconciler[0].image_uri == aws_lambda_function.worker[0].image_uri
    error_message = "another image than the worker's"
  }

  assert {
    condition     = aws_lambda_function.reconciler[0].image_config[0].command == tolist(["lambdas.reconciler.handler.lambda_handler"])
    error_message = "the command is not the reconciler's handler"
  }

  assert {
    condition     = aws_lambda_function.reconciler[0].environment[0].variables == aws_lambda_function.worker[0].environment[0].variables
    error_message = "another environment than the worker's"
  }

  assert {
    condition     = aws_scheduler_schedule.reconciler[0].schedule_expression == "rate(5 minutes)"
    error_message = "not every five minutes"
  }

  assert {
    condition     = aws_scheduler_schedule.reconciler[0].target[0].arn == aws_lambda_alias.reconciler[0].arn
    error_message = "the schedule invokes something else than the alias"
  }
}
